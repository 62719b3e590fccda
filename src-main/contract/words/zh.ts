import type { LanguageWords } from './say-failure.ts'

const written =
  '[至少已写入 {written:keys}，它们保留在目标端。|{sent:if}可能已写入一些键，它们保留在目标端。|{reads:if}未更改任何数据。|尚未向目标端写入任何内容。]'
const exactly =
  '[已写入 {written:keys}，它们保留在目标端。|{reads:if}未更改任何数据。|尚未向目标端写入任何内容。]'
const fileOnly =
  '[至少已写入 {written:keys}，它们保留在目标端。|{sent:if}可能已写入一些键，它们保留在目标端。|尚未写入任何内容，文件本身也只是被读取。]'

/** The words in Simplified Chinese. */
export const zh: LanguageWords = {
  locale: 'zh-CN',
  keys: (_, number) => `${number} 个键`,
  failures: {
    'file.not-found': {
      what: '找不到文件[ {file}]。',
      safe: written,
      todo: '请检查路径；相对路径从启动 Keyferry 的目录算起。',
    },
    'file.not-readable': {
      what: '当前用户无权读取文件[ {file}]。',
      safe: written,
      todo: '请授予读取权限，或换用有权限的用户运行。',
    },
    'file.is-directory': {
      what: '[{file} |该路径]是目录，不是文件。',
      safe: written,
      todo: '请指定目录中的文件，通常是 dump.rdb。',
    },
    'file.empty': {
      what: '文件[ {file} ]是空的。',
      safe: written,
      todo: '请等待备份或下载完成，或重新备份。',
    },
    'file.not-rdb': {
      what: '文件[ {file} ]不是 Redis 的备份：开头既不像 RDB 文件，也不像 AOF 文件。',
      safe: written,
      todo: '请指定 RDB 或 AOF 文件本身；如果它在归档中，请先解开。',
    },
    'file.version-unsupported': {
      what: '文件[ {file} ]的 RDB 版本[ {version} ]是本版 Keyferry 不认识的。',
      safe: written,
      todo: '请使用更新的 Keyferry，或用较旧的服务器制作备份。',
    },
    'file.truncated': {
      what: '文件[ {file} ]不完整[，在第 {offset} 字节处中断][，位于键 {key} 之中]。',
      safe: fileOnly,
      todo: '请重新获取文件，并与原文件比较大小。',
    },
    'file.crc-mismatch': {
      what: '文件[ {file} ]的内容与末尾的校验和不一致。',
      safe: fileOnly,
      todo: '请重新获取文件；如果原文件也是如此，请重新备份。',
    },
    'file.corrupt': {
      what: '文件[ {file} ]已损坏[，位置在第 {offset} 字节][，在键 {key} 处]。',
      safe: fileOnly,
      todo: '请重新获取文件；如果原文件也是如此，请重新备份。',
    },
    'file.unknown-type': {
      what: '文件[ {file} ]中有未知类型[ {type} ]的值[，位置在第 {offset} 字节][，键为 {key}]。',
      safe: fileOnly,
      todo: '请使用更新的 Keyferry；"keyferry inspect" 的报告有助于我们支持该类型。',
    },
    'file.changed': {
      what: '文件[ {file} ]在读取过程中发生了变化。',
      safe: fileOnly,
      todo: '请等到没有程序写入该文件，或先复制一份，再重新开始。',
    },
    'file.packed': {
      what: '文件[ {file} ]以无法边读边解的方式压缩。',
      safe: written,
      todo: '请先解压；压缩文件中只有 .gz 可以直接读取。',
    },
    'file.no-room': {
      what: '目录[ {folder} ]所在的磁盘空间不足[：需要 {needed:bytes}，可用 {free:bytes}]。',
      safe: written,
      todo: '请在该处腾出空间，或指定另一块磁盘上的目录[{console:if}|（--keep、-o，不保留的内容用 TMPDIR）]。',
    },
    'file.not-writable': {
      what: '当前用户无法写入[ {file}|指定的位置]。',
      safe: written,
      todo: '请创建该目录并授予写入权限，或另行指定目录。',
    },
    'file.exists': {
      what: '文件[ {file} ]已经存在。',
      safe: '它保持原样。',
      todo: '请指定另一个文件或目录[{console:if}|；dump 和 backup 可用 --force 替换它]。',
    },
    'fetch.not-found': {
      what: '[{file} |该 URL ]处没有任何内容[（HTTP {status}）]。',
      safe: written,
      todo: '请检查 URL 是否有误，并确认备份仍在那里。',
    },
    'fetch.refused': {
      what: '服务器拒绝提供[ {file}|该文件][（HTTP {status}）]。',
      safe: written,
      todo: '如果是带签名的链接，它可能已过期：请重新生成。否则请授予读取权限。',
    },
    'fetch.unavailable': {
      what: '服务器目前无法提供[ {file}|该文件][（HTTP {status}）]。',
      safe: written,
      todo: '请稍候，或询问该服务器的管理者，然后重新开始。',
    },
    'fetch.broken': {
      what: '[{file} 的]下载中断了[，已收到 {done:bytes}]。',
      safe: written,
      todo: '请检查本机与该服务器之间的网络，然后重新开始。',
    },
    'fetch.no-resume': {
      what: '[{file} 的]下载一再中断，而服务器不提供文件的一部分。',
      safe: written,
      todo: '请用其他方式获取该文件，或把它复制到支持 Range 请求的服务器。',
    },
    'fetch.changed': {
      what: '文件[ {file} ]在下载过程中被替换成了另一个文件。',
      safe: written,
      todo: '请等到没有程序再写入它时重新开始。',
    },
    'fetch.redirect': {
      what: '服务器从[ {file}|该 URL]转向[ {to}|另一处]，而那里不会被访问。',
      safe: written,
      todo: '请直接指定最终地址；以 https 开头的内容不会以未加密的方式获取。',
    },
    'fetch.untrusted': {
      what: '[提供 {file} 的]服务器的证书不可信[（{reason}）]。',
      safe: written,
      todo: '如果证书由您自己的机构签发，请在 NODE_EXTRA_CA_CERTS 中指定其 PEM 文件。',
    },
    'dump.refused': {
      what: '源端[ {address} ]不提供快照[：{reply}]。',
      safe: '源端没有任何改动。',
      todo: '请使用可以像副本一样复制的用户（ACL：+psync +sync +replconf +ping）；如果服务商不允许，请让它制作备份，再从文件或 URL 恢复。',
    },
    'dump.broken': {
      what: '源端[ {address} ]的快照传输中断了[，已收到 {done:bytes}]。',
      safe: '源端没有任何改动，也没有留下不完整的文件。',
      todo: '请检查网络，以及源端是否断开了较慢的副本（client-output-buffer-limit）或中止了保存，然后重新开始。',
    },
    'backup.not-made': {
      what: '源端[ {address} ]无法[用 {command} ]制作备份[：{reply}]。',
      safe: '它的数据和之前的备份完好。',
      todo: '它的日志会说明原因：常见的是磁盘已满、目录不可写，或没有内存用于 fork。',
    },
    'backup.no-aof': {
      what: '源端[ {address} ]没有启用 AOF 文件。',
      safe: '源端没有任何改动。',
      todo: '请制作 RDB 备份[{console:if}|（不加 --aof）]，或在源端启用 appendonly。',
    },
    'guided-backup.not-found': {
      what: '没有这次备份迁移[：{id}]。',
      safe: '没有任何改动。',
      todo: '回到恢复列表；可能已被另一个控制台移除。',
    },
    'guided-backup.wrong-step': {
      what: '备份迁移当前所处的步骤不能执行此操作。',
      safe: '没有任何改动；已冻结的仍保持冻结。',
      todo: '查看步骤列表，它会显示下一步。移除之前须先解除冻结。',
    },
    'readiness.nothing-seen': {
      what: '[在 {from} 中]没有看到任何命令，无从判断。',
      safe: '没有任何改动。',
      todo: '请在应用工作时观察更久，或查看含有命令的 AOF 文件。',
    },
    'readiness.no-backlog': {
      what: '源端[ {address} ]没有复制积压缓冲区，需要先为我们生成快照。',
      safe: '没有要求它生成快照，没有任何改动。',
      todo: '请查看 AOF 文件，或[{console:if}通过 MONITOR 查看|使用 --monitor]；源端有过副本之后才会保留积压缓冲区。',
    },
    'tunnel.no-sftp': {
      what: 'SSH 服务器[ {hop} ]不提供文件（SFTP）。',
      safe: '备份已经制作，位于源端。',
      todo: '请在该处启用 sftp 子系统，或用其他方式复制文件；keyferry dump 不需要源端的文件。',
    },
    'aof.manifest-invalid': {
      what: '无法读取清单[ {file}][：第 {line} 行不是 file <名称> seq <编号> type <b、i 或 h> 的形式]。',
      safe: written,
      todo: '请重新获取整个目录，使用服务器自己写的清单。',
    },
    'aof.manifest-empty': {
      what: '清单[ {file}]没有列出任何要加载的文件。',
      safe: written,
      todo: '请重新获取整个目录；如果服务器上也是这样，它还没有 AOF 文件。',
    },
    'aof.second-base': {
      what: '清单[ {file}][在第 {line} 行]列出了第二个 base 文件；只能有一个。',
      safe: written,
      todo: '请在没有 AOF 重写时重新获取目录，使用服务器自己写的清单。',
    },
    'aof.wrong-order': {
      what: '清单[ {file}]中的增量文件顺序不对[：第 {line} 行的 seq 编号没有增大]。',
      safe: written,
      todo: '请重新获取目录，使用服务器自己写的清单；文件的顺序就是写入的顺序。',
    },
    'aof.unknown-type': {
      what: '清单[ {file}][第 {line} 行|中]的文件类型[ {type}]不是 b、i、h 之一。',
      safe: written,
      todo: '如果由更新的服务器写成，请使用更新的 Keyferry；否则请重新获取目录。',
    },
    'aof.path-in-manifest': {
      what: '清单[ {file}][第 {line} 行]写的是路径，那里只能是文件名。',
      safe: written,
      todo: '请不要使用此清单：服务器不会写出这样的行。请从服务器重新获取目录。',
    },
    'aof.file-missing': {
      what: '缺少清单[ {manifest}]所列的文件[ {file}]。',
      safe: written,
      todo: '请重新获取整个目录；少了这个文件，数据集就不一样了。',
    },
    'aof.no-manifest': {
      what: '目录[ {folder}]中没有 AOF 的清单文件。',
      safe: written,
      todo: '请指定含有 .manifest 文件的目录（appendonlydir），或直接指定文件：dump.rdb、appendonly.aof。',
    },
    'aof.several-manifests': {
      what: '目录[ {folder}]中有多个清单[：{names}]。',
      safe: written,
      todo: '请指定要用的那个清单：每个清单是各自的数据集。',
    },
    'aof.cut-in-the-middle': {
      what: '文件[ {file}][在第 {offset} 字节处]于命令中间结束，而其后还有文件。',
      safe: fileOnly,
      todo: '请重新获取目录：只有最后一个文件可以被截断，服务器也不会加载它。',
    },
    'aof.no-timestamps': {
      what: '指定了停止的时刻，但 AOF 文件[ {file}]没有记录任何写入时间。',
      safe: written,
      todo: '[{console:if}请完整恢复，不指定截止时刻；|请不带 --until 恢复；]服务器只有在 aof-timestamp-enabled yes（7.0 及以上）时才写入时间。',
    },
    'aof.until-too-early': {
      what: 'AOF 文件[ {file}]的起点[（{first}）]晚于要停止的时刻。',
      safe: written,
      todo: '请给出更晚的时刻，或使用更早的备份：base 之前的内容已不在其中。',
    },
    'aof.skip-impossible': {
      what: '应用命令时无法跳过目标端已有的键：只应用一部分命令会得到不属于任何一方的值。',
      safe: written,
      todo: '请恢复到空的数据库，或[{console:if}选择覆盖已有的键|使用 --on-conflict replace]。',
    },
    'aof.would-flush': {
      what: 'AOF 文件中有[ {command}|清空一切的命令]，会删除目标端[ {address} ]自己的[ {keys:keys}|键]。',
      safe: written,
      todo: '请恢复到空的服务器；如果这些键都可以删除，请[{console:if}选择覆盖已有的键|使用 --on-conflict replace]。',
    },
    'aof.cannot-select': {
      what: 'AOF 文件中有些命令无法只应用于部分键，或应用到其他数据库或键名[：{commands}]。',
      safe: written,
      todo: '请先全部恢复到一台空服务器，再从那里保存并恢复需要的部分。',
    },
    'aof.not-understood': {
      what: '目标端[ {address}][（版本 {version}）]不认识 AOF 文件中的命令[：{commands}]。',
      safe: written,
      todo: '请恢复到不比源更旧的服务器，或使用 RDB 文件，Keyferry 可以改写其中的值。',
    },
    'aof.not-in-cluster': {
      what: '目标端[ {address}]是集群，无法执行 AOF 文件中的部分命令[：{commands}]。',
      safe: written,
      todo: '请恢复到单机服务器；如果可以略去并列出这些命令，请[{console:if}在选项中选择|使用 --cannot-hold skip]。',
    },
    'file.collisions': {
      what: '文件中的多个键在目标端会得到同一个名称，涉及[ {keys:keys}|一些名称][，例如 {examples}]。',
      safe: fileOnly,
      todo: '请为每个数据库加上各自的前缀[{console:if}|（--db-prefix）]，或映射到不同的数据库[{console:if}|（--db-map）]，或排除部分键[{console:if}|（--db、--exclude）]。',
    },
    'connect.refused': {
      what: '[{address} |该地址]上没有服务在监听：连接被拒绝。',
      safe: written,
      todo: '请检查主机和端口，并确认服务器正在运行且绑定了该地址。',
    },
    'connect.unknown-host': {
      what: '[{address} 中的|该]主机名无法解析。',
      safe: written,
      todo: '请检查拼写和本机的 DNS，或改用 IP 地址。',
    },
    'connect.unreachable': {
      what: '本机到服务器[ {address} ]的网络不通。',
      safe: written,
      todo: '请检查两者之间的路由、安全组和防火墙。',
    },
    'connect.timeout': {
      what: '服务器[ {address} ]没有按时应答。',
      safe: written,
      todo: '请检查安全组和防火墙；如果服务器很忙，请稍后再试。',
    },
    'connect.lost': {
      what: '与服务器[ {address} ]的连接中断了。',
      safe: written,
      todo: '请确认服务器正在运行、该端口是否需要 TLS，然后选择跳过或覆盖已有的键，重新开始。',
    },
    'connect.not-redis': {
      what: '[{address} |该地址]上的服务不使用 Redis 协议。',
      safe: written,
      todo: '请检查端口，那里似乎是别的服务。',
    },
    'tls.not-tls': {
      what: '服务器[ {address} ]的这个端口不使用 TLS。',
      safe: written,
      todo: '请关闭此连接的 TLS，或使用服务器的 TLS 端口。',
    },
    'tls.silent': {
      what: '已连到服务器[ {address} ]，但它对 TLS 没有应答。',
      safe: written,
      todo: '如果这个端口不使用 TLS，请关闭此连接的 TLS，或使用服务器的 TLS 端口；如果服务器很忙，请稍后再试。',
    },
    'tls.required': {
      what: '服务器[ {address} ]的这个端口只接受 TLS。',
      safe: written,
      todo: '请打开 TLS[{console:if}|（--tls 或 rediss://）]，或使用服务器的普通端口。',
    },
    'tls.untrusted': {
      what: '服务器[ {address} ]的证书不是由本机信任的机构签发的。',
      safe: written,
      todo: '请指定签发机构的 PEM 文件[{console:if}|（--ca）]。',
    },
    'tls.name-mismatch': {
      what: '服务器[ {address} ]的证书属于另一个名称。',
      safe: written,
      todo: '请用证书中的名称连接，或指定该名称[{console:if}|（--servername）]。',
    },
    'tls.expired': {
      what: '服务器[ {address} ]的证书不在有效期内。',
      safe: written,
      todo: '请更新证书，并检查本机时钟。',
    },
    'tls.client-certificate': {
      what: '服务器[ {address} ]要求客户端证书，或不接受所出示的证书。',
      safe: written,
      todo: '请指定服务器信任的证书和私钥[{console:if}|（--cert 和 --key）]。',
    },
    'tls.file-unreadable': {
      what: '证书或私钥文件[ {file} ]无法读取。',
      safe: written,
      todo: '请检查路径和读取权限，并确认它是 PEM 文件。',
    },
    'auth.required': {
      what: '服务器[ {address} ]需要密码。',
      safe: written,
      todo: '请提供密码（目标端用 -A -，源端用 -P -，会询问且不显示）；如果有用户名，也请提供。',
    },
    'auth.wrong-password': {
      what: '服务器[ {address} ]不接受该用户名和密码。',
      safe: written,
      todo: '请检查两者；有些云服务的密码格式是 instanceId:password。',
    },
    'auth.no-permission': {
      what: '[{address} 上的|该]用户没有[执行 {command} |所需]命令的权限。',
      safe: written,
      todo: '请授予该权限（ACL SETUSER），或换用其他用户。',
    },
    'target.not-empty': {
      what: '目标端[ {address} ]已有[{guided:if}|文件中的][ {keys:keys}|一些键][，例如 {examples}]。',
      safe: written,
      todo: '[{guided:if}请清除目标端的这些键后重试，或换用空的目标端重新开始|请选择如何处理已有的键][{guided:if}|{console:if}|（--on-conflict skip 或 replace）][{guided:if}|，或使用空的目标端]。',
    },
    'target.copied-before': {
      what: '源端将重新发送全部数据，而目标端[ {address} ]在首次复制之前就已有其他键：无法分辨哪些键来自那次复制。',
      safe: '目标端保留现有内容：原有的键，以及至今复制的数据。源端只被读取。',
      todo: '如果不需要目标端的任何键，请将其清空（FLUSHALL）并继续任务，数据会重新复制；否则请换一个目标端。',
    },
    'target.out-of-memory': {
      what: '目标端[ {address} ]内存不足：已达到 maxmemory。',
      safe: written,
      todo: '请提高 maxmemory 或释放内存，然后选择跳过已有的键，重新开始。',
    },
    'target.loading': {
      what: '目标端[ {address} ]仍在加载自己的数据。',
      safe: written,
      todo: '请等待加载完成，然后选择跳过已有的键，重新开始。',
    },
    'target.read-only': {
      what: '目标端[ {address} ]是副本，不接受写入。',
      safe: written,
      todo: '请使用其主节点的地址。',
    },
    'target.cannot-persist': {
      what: '目标端[ {address} ]因上次保存到磁盘失败而不接受写入。',
      safe: written,
      todo: '请修复其磁盘（见其日志），然后选择跳过已有的键，重新开始。',
    },
    'target.no-replicas': {
      what: '目标端[ {address} ]因同步正常的副本过少而不接受写入。',
      safe: written,
      todo: '请恢复副本，或调低 min-replicas-to-write，然后选择跳过已有的键，重新开始。',
    },
    'target.cluster': {
      what: '目标端[ {address} ]是 Redis Cluster：在线迁移只能写入单机服务器。',
      safe: written,
      todo: '请使用单机目标端。',
    },
    'target.cluster-down': {
      what: '集群[ {address} ]现在不接受命令[：16,384 个槽中只有 {covered} 个有所属节点]。',
      safe: written,
      todo: '请用 redis-cli --cluster check 查看缺少什么并修复，然后重新开始。',
    },
    'target.cluster-changed': {
      what: '集群[ {address} ]的主节点有变化：有主节点被加入、移除，或由其副本取代。',
      safe: written,
      todo: '请等待集群稳定，然后重新开始。',
    },
    'target.slot-moving': {
      what: '集群[ {address} ]的一个槽正从一个主节点迁移到另一个，此键必须等待。',
      safe: written,
      todo: '请等待槽迁移完成，或用 redis-cli --cluster check 查看是否有未完成的槽，然后重新开始。',
    },
    'target.cluster-one-db': {
      what: '有些键属于[数据库 {dbs}|多个数据库]，而集群[ {address} ]只有数据库 0。',
      safe: written,
      todo: '请决定如何处理：只取一个数据库，全部写入数据库 0[{console:if}|（--target-db 0）]，或为每个数据库加上各自的前缀[{console:if}|（--db-prefix）]。',
    },
    'target.db-out-of-range': {
      what: '目标端[ {address} ]没有[编号为 {db} |这个编号]的数据库。',
      safe: written,
      todo: '请映射到其他数据库[{console:if}|（--db-map 或 --target-db）]，或调大目标端的 databases。',
    },
    'target.cannot-hold': {
      what: '目标端[ {address} ]无法存放[键 {key} 的][类型为 {type} 的]值：它不认识该类型。',
      safe: written,
      todo: '请使用支持该类型或模块的目标端，或排除这些键[{console:if}|（--exclude）]。',
    },
    'target.lacks-types': {
      what: '目标端[ {address} ][（版本 {version}）]无法存放该备份的全部内容[：{losses}]。',
      safe: written,
      todo: '请使用更新的目标端或在其上加载模块；也可以排除并列出这些内容[{console:if}|（--cannot-hold skip）]，或写入不带字段过期时间的哈希[{console:if}|（--field-ttl drop）]。',
    },
    'target.value-refused': {
      what: '目标端[ {address} ]认为[键 {key} |某个键]的值有误，拒绝接收。',
      safe: written,
      todo: '请确认目标端不比制作备份的服务器更旧，或排除该键[{console:if}|（--exclude）]。',
    },
    'target.not-lockable': {
      what: '无法锁定目标端[ {address}][：{reason}]。',
      safe: '尚未写入任何内容，其密码保持不变。',
      todo: '请使用有权更改密码的用户登录（CONFIG SET、ACL SETUSER），或在不锁定目标端的情况下迁移。',
    },
    'target.refused': {
      what: '目标端[ {address} ]拒绝了一条命令[，回复是：{reply}]。',
      safe: written,
      todo: '请查看上面的服务器回复及其日志。',
    },
    'target.gave-up': {
      what: '目标端[ {address} ]离线过久。',
      safe: written,
      todo: '请恢复目标端，然后选择跳过已有的键，重新开始。',
    },
    'source.not-ready': {
      what: '源端[ {address} ]暂时不提供数据[：{reply}]。',
      safe: '此前已应用的写入保持有效；等待不会丢失任何数据。',
      todo: '系统每秒重试一次。源端加载完数据或恢复与其主节点的连接后即可继续。',
    },
    'source.stream-corrupt': {
      what: '源端发来的内容不是复制数据流[（偏移量 {offset}）]。',
      safe: '此前已应用的写入保持有效；该偏移量之后的内容均未应用。',
      todo: '请检查源端与本机之间的网络设备，然后继续任务。',
    },
    'source.flushed': {
      what: '源端[ {address}] 被命令清空[（{command}）]，而它是写入同一目标端的多个源端之一。',
      safe: '该命令之前的写入均已应用，其后的未应用；其他源端的键全部保留。',
      todo: '请给出答复后继续任务[{console:if}|（命令行为 “--on-flush”）]：“重新复制”会重新复制该源端，所有源端都不再拥有的键将从目标端删除；“忽略该命令”则保留目标端现有的键。[{noCopy:if}回退通道不会重新复制：只能以“忽略该命令”继续。]',
    },
    'source.databases-meet': {
      what: '源的多个数据库[（{dbs}）]会以相同的键名进入目标端[ {address} ]的同一个数据库[ {db}]。',
      safe: '此前的内容已在目标端；第二个数据库的内容都没有写入。',
      todo: '请另建任务，为其中一个加前缀、换一个数据库，或将其排除。',
    },
    'source.stream-lost': {
      what: '服务器[ {address}][ 自偏移量 {offset} 起]写入的内容已无法再从它取得，或另一端已不记得自己收到了多少：回退通道已丢失。',
      safe: '两端的键均未因此改动，也没有请求快照。',
      todo: '请关闭回退通道。若仍要回退，请反方向做一次迁移，它会重新复制全部数据。',
    },
    'source.no-stream': {
      what: '服务器[ {address}] 不提供其复制流[：{reply}]。',
      safe: '两端均未做任何更改。',
      todo: '请使用可以像副本一样跟随它的用户（ACL：+psync +sync +replconf +ping），且它须为主节点；或者不保留回退通道继续。',
    },
    'source.slot-moving': {
      what: '服务器[ {address}] 有槽正在迁移，因此没有一个时刻能让其各主节点的流相互对应。',
      safe: '两端均未做任何更改。',
      todo: '请等待重新分片完成，或用 CLUSTER SETSLOT … STABLE 结束它，然后重试。',
    },
    'spool.full': {
      what: '暂存空间已达上限[ {bytes:bytes}]：源端写入快于目标端的应用速度。',
      safe: '已接收的内容全部保留；已停止从源端读取。',
      todo: '请查明目标端变慢的原因，或调高暂存上限后继续任务。',
    },
    'spool.damaged': {
      what: '[{folder} 中的|]暂存内容无法按写入时的样子读出。',
      safe: '目标端已应用的写入是安全的。',
      todo: '请继续任务：缺失部分会重新向源端请求。请检查磁盘。',
    },
    'job.cancelled': {
      what: '已按您的要求停止。',
      safe: exactly,
      todo: '可以随时重新开始[{reads:if}。|；以相同选项再次进行的恢复或同步会从中断处继续。]',
    },
    'job.crashed': {
      what: '工作线程意外结束[：{message}]。',
      safe: written,
      todo: '请选择跳过已有的键重新开始；如果再次发生，请附上代码和这段文字报告问题。',
    },
    'auth.not-needed': {
      what: '服务器[ {address} ]没有设置密码，但提供了密码。',
      safe: written,
      todo: '请去掉密码，并确认这就是您要连接的服务器。',
    },
    'auth.no-users': {
      what: '服务器[ {address} ]的版本早于 ACL 用户功能，只认密码。',
      safe: written,
      todo: '请去掉用户名，只提供密码；若云服务要求 instanceId:password 的形式，请将其整体作为密码。',
    },
    'tunnel.not-reached': {
      what: '[{hop} |隧道]无法连到服务器[ {address}][：{reply}]。',
      safe: written,
      todo: '请确认服务器正在运行、这是从那里看到的地址，并检查两者之间的防火墙。',
    },
    'tunnel.prohibited': {
      what: '[{hop} |隧道]不允许连接[ {address}|该服务器]。',
      safe: written,
      todo: '请在那边放行：sshd_config 的 AllowTcpForwarding 和 PermitOpen，或代理的规则。',
    },
    'tunnel.lost': {
      what: '与[ {hop} |隧道]的 SSH 会话中断了，经过它的连接也全部中断。',
      safe: written,
      todo: '请确认它正在运行并检查途中的网络；下一次尝试会打开新的会话。',
    },
    'ssh.unknown-host': {
      what: '本机不认识 SSH 服务器[ {address}]。[它出示的 {keyType} 主机密钥是 {fingerprint}。]',
      safe: written,
      todo: '请向管理它的人索要主机密钥的指纹，只有一致时才接受[{console:if}|（--accept-host-key）]。',
    },
    'ssh.host-key-changed': {
      what: 'SSH 服务器[ {address} ]出示的主机密钥与已知的不同[（{file} 第 {line} 行）]：它被重新安装过，或者有人在中间[。新的密钥是 {fingerprint}]。',
      safe: written,
      todo: '请询问管理它的人。只有确属有意更换时，才删除旧密钥（ssh-keygen -R）并接受新的。',
    },
    'ssh.host-key-revoked': {
      what: 'SSH 服务器[ {address} ]出示的主机密钥已被标记为吊销[（{file} 第 {line} 行）]。',
      safe: written,
      todo: '在管理它的人作出解释并更换密钥之前，请不要使用该服务器。',
    },
    'ssh.sign-in-refused': {
      what: 'SSH 服务器[ {address} ]不让用户[ {username} ]登录。',
      safe: written,
      todo: '请检查用户名，以及登录所用的密钥、密码或代理程序。',
    },
    'ssh.handshake-failed': {
      what: '无法与[ {address} |SSH 服务器]建立 SSH 会话[：{message}]。',
      safe: written,
      todo: '请检查主机和端口；很旧的 SSH 服务器可能不支持任何仍被认为安全的算法。',
    },
    'ssh.no-agent': {
      what: '没有可用于登录[ {address} |SSH 服务器]的 SSH agent。',
      safe: written,
      todo: '请启动 agent 并加入密钥（ssh-add），或指定密钥文件[{console:if}|（--ssh-key）]。',
    },
    'ssh.key-unusable': {
      what: '文件[ {file} ]中没有 OpenSSH 或 PEM 格式的私钥。',
      safe: written,
      todo: '请指定私钥而不是旁边的 .pub 文件；其他格式可用 ssh-keygen -p -f FILE 改写。',
    },
    'ssh.passphrase-needed': {
      what: '私钥[ {file} ]由口令保护。',
      safe: written,
      todo: '请给出口令[{console:if}|（--ssh-passphrase -）]，或把密钥加入 SSH agent。',
    },
    'ssh.passphrase-wrong': {
      what: '口令打不开私钥[ {file}]。',
      safe: written,
      todo: '请检查口令，并确认它属于这个密钥。',
    },
    'ssh.file-unreadable': {
      what: '文件[ {file} ]无法读取。',
      safe: written,
      todo: '请检查路径和读取权限。',
    },
    'socks.sign-in-refused': {
      what: 'SOCKS5 代理[ {address} ]不接受这个用户和密码，或者要求提供。',
      safe: written,
      todo: '请检查两者，以及代理要求的登录方式。',
    },
    'socks.not-socks': {
      what: '[{address} |代理地址]上的服务不是 SOCKS5。',
      safe: written,
      todo: '请检查主机和端口；HTTP 代理不是 SOCKS5 代理。',
    },
    'sentinel.not-reached': {
      what: 'Sentinel[ {addresses} ]都没有应答。',
      safe: written,
      todo: '请检查它们的地址和端口（通常是 26379），以及密码（如果有）。',
    },
    'sentinel.unknown-name': {
      what: 'Sentinel[ {addresses} ]不认识名为[ {name} |这样]的主节点。',
      safe: written,
      todo: '请检查名称：它是其配置中 “sentinel monitor 名称 …” 的那个。',
    },
    'sentinel.no-primary': {
      what: '目前没有主节点为[ {name} ]应答[；Sentinel 给出的是 {address}]。',
      safe: written,
      todo: '故障转移需要几秒钟；如果一直如此，请查看 Sentinel 的日志。',
    },
    'server.refused': {
      what: '服务器[ {address} ]拒绝了[命令 {command}|一条命令][，回复是：{reply}]。',
      safe: written,
      todo: '请查看服务器的回复及其日志。',
    },
    'server.unknown-command': {
      what: '服务器[ {address} ]不认识[ {command} |所需的]命令，或该命令被改名了。',
      safe: written,
      todo: '请使用更新的服务器，或取消 rename-command。',
    },
    'server.unknown-setting': {
      what: '服务器[ {address} ]不认识[ {setting} |所需的]配置项。',
      safe: written,
      todo: '请使用更新的服务器，或手动修改其配置。',
    },
    'server.busy': {
      what: '服务器[ {address} ]正忙于执行脚本或函数，不应答其他请求。',
      safe: written,
      todo: '请等待脚本结束，或用 SCRIPT KILL 终止它，然后重试。',
    },
    'server.too-many-clients': {
      what: '服务器[ {address} ]的客户端数已达到 maxclients 上限。',
      safe: written,
      todo: '请减少连接数（-n），或提高 maxclients。',
    },
    'console.lost': {
      what: '此页面与引擎的连接中断了。',
      safe: '正在运行的任务不受此页面影响，会继续进行。',
      todo: '请确认 Keyferry 仍在运行；页面会自动重新连接。',
    },
    'console.signed-out': {
      what: '此浏览器尚未登录控制台。',
      safe: '正在运行的任务不受此页面影响，会继续进行。',
      todo: '请打开 "keyferry serve" 打印的地址；每个地址只能使用一次。',
    },
    'serve.tls-needed': {
      what: '在本机之外，控制台只能通过 TLS 提供[：{host}|]。',
      safe: '没有监听任何端口，也没有任何改动。',
      todo: '[{console:if}启动控制台时请给出证书和私钥|请给出 --tls-cert 和 --tls-key]，或只在本机监听并通过 SSH 隧道访问。',
    },
    'serve.tls-unusable': {
      what: '证书[ {cert} |]和私钥[ {key} |]不能用于 TLS。',
      safe: '没有监听任何端口，也没有任何改动。',
      todo: '请提供 PEM 格式的证书和私钥；私钥不能有口令，且必须属于该证书。',
    },
    'restore.not-found': {
      what: '这里已没有该恢复任务[（{id}）]的记录。',
      safe: '它已写入的内容保留在目标端。',
      todo: '请查看恢复列表；Keyferry 每次启动时列表会重新开始。',
    },
    'restore.under-way': {
      what: '另一个 Keyferry 正在把[ {file}| 备份]恢复到[ {address}| 该目标]。',
      safe: '那一个继续运行；这一个什么也没有写入。',
      todo: '等它结束。如果它所在的机器已不存在，几秒钟后再试。',
    },
    'restore.input-changed': {
      what: '[{file}|该备份] 到 [{address}|该目标] 的恢复曾被中断，而文件此后发生了变化。',
      safe: '没有再写入任何内容；中断前写入的键仍在目标上。',
      todo: '把文件放回原样以从中断处继续，或[{console:if}在向导中重新开始并覆盖已有的键|用 --restart 和 --on-conflict replace 重新开始]。',
    },
    'restore.ended': {
      what: '该恢复已经结束。',
      safe: '已写入的内容保持不变。',
      todo: '无需处理。其页面会显示结束的情况。',
    },
    'difference.not-found': {
      what: '该差异已不在列表中。',
      safe: '未做任何更改。',
      todo: '期间两端已重新比较，请从新列表中选择。',
    },
    'difference.long-key': {
      what: '该键的名称超过 8 KiB，未完整保留。',
      safe: '未做任何更改。',
      todo: '请在两端服务器上用 redis-cli 查看。修复时它与其他键一样会被处理。',
    },
    'restore.not-comparable': {
      what: '现在无法将该恢复与其文件进行比较。',
      safe: '未做任何更改。',
      todo: '请等恢复完成，或等正在进行的比较结束，然后再比较。',
    },
    'verify.databases': {
      what: '源端的[数据库 {dbs} |多个数据库]中有键，而集群[ {address} ]只有数据库 0，没有可比较的对象。',
      safe: '没有进行比较，也未做任何更改。',
      todo: '请按相同的规则与当时恢复的备份比较[{console:if}|（verify -i 加 --target-db 或 --db-prefix）]，或只统计键数[{console:if}|（--mode counts）]。',
    },
    'verify.no-server': {
      what: '[{program} 不是 7.0 或更高版本的 redis-server 或 valkey-server|本机上没有找到 7.0 或更高版本的 redis-server 或 valkey-server]。AOF 中的命令会产生什么数据，只有加载它的服务器才知道。',
      safe: '没有进行比较，也未做任何更改。',
      todo: '请在本机安装 redis-server 7.0 或更高版本[{console:if}|，或用 --server 指定]。它只为此次比较运行，其他人无法连接。',
    },
    'verify.not-loaded': {
      what: '为比较而加载[ {file} |AOF ]的服务器[（{version}）]已退出[：{reason}|]。',
      safe: '没有进行比较，也未做任何更改；文件只被读取。',
      todo: '请[{console:if}在本机安装与写入该文件的版本相同的服务器|用 --server 指定写入该文件的版本的服务器]；它需要能容纳全部数据的内存和临时空间。',
    },
    'restore.not-again': {
      what: '只有失败或已停止的恢复才能继续。',
      safe: '未做任何更改。',
      todo: '请等待其结束；如需再次恢复同一文件，请新建恢复。',
    },
    'store.unavailable': {
      what: '无法打开数据[ {file}]。',
      safe: '没有触碰任何服务器。',
      todo: '请检查该目录及其写权限，或另行指定（KEYFERRY_HOME）。',
    },
    'store.newer': {
      what: '[{file} 中的]数据由更新版本的 Keyferry 写入。',
      safe: '数据保持原样。',
      todo: '请启动更新的版本，或另行指定数据目录（KEYFERRY_HOME）。',
    },
    'store.damaged': {
      what: '[{file} 中的]方案与任务数据库已损坏。',
      safe: '源端和目标端都没有被触碰。',
      todo: '请恢复该目录的副本，或另行指定（KEYFERRY_HOME）。',
    },
    'store.disk-full': {
      what: '数据目录[ {folder} ]所在的磁盘已满。',
      safe: '之前保存的内容完好[；至少已写入 {written:keys}，它们保留在目标端]。',
      todo: '请腾出空间，或另行指定目录（KEYFERRY_HOME），然后重试。',
    },
    'store.runtime-too-old': {
      what: '当前[ Node.js {version} 版本| Node.js 版本]太旧，无法保存方案和任务。',
      safe: '没有打开也没有改动任何内容。',
      todo: '请用 "npx keyferry" 或 "npm start" 启动，它们自带 Node.js。',
    },
    'secret.unreadable': {
      what: '保存的密码在本机无法读取。',
      safe: '方案仍在，只是缺少密码。',
      todo: '请重新输入密码，它会被重新保存。',
    },
    'secret.locked': {
      what: '保存的密码已锁定：密钥文件[ {file} |]需要口令。',
      safe: '密码仍加密保存，任何服务器都没有改动。',
      todo: '请在设置页解锁，或在 KEYFERRY_PASSPHRASE 中给出口令后启动 Keyferry。如果只是忘记口令，此用户的桌面应用或许仍能通过系统密钥环打开。',
    },
    'secret.wrong-passphrase': {
      what: '[{variable} 中的口令|这]不是保存的密码的口令。',
      safe: '密码仍然锁定，没有丢失任何内容。',
      todo: '[请在 {variable} 中设置正确的口令后重新启动 Keyferry，或在设置页面解锁。|请重新输入。]',
    },
    'secret.no-key-ring': {
      what: '系统密钥环没有接受密钥。',
      safe: '一切保持原样。',
      todo: '请解锁系统密钥环后重试，或改用口令保护密钥。',
    },
    'update.unreadable': {
      what: '更新源[ {feed} |]没有说明最新版本是哪个。',
      safe: '没有任何改动，当前版本可继续使用。',
      todo: '请检查地址，以及本机能否访问它。它应返回含有 version 字段（如 1.2.3）的 JSON。',
    },
    'connection.not-found': {
      what: '没有这样的已保存连接。',
      safe: '没有任何改动。',
      todo: '请查看连接列表；它可能已在另一个窗口中删除。',
    },
    'connection.changed-meanwhile': {
      what: '连接[ {name}]在您打开之后已被他人保存。',
      safe: '没有覆盖任何内容；您输入的仍在这里。',
      todo: '查看较新的版本、把您的另存为副本，或用您的覆盖它。',
    },
    'connection.name-taken': {
      what: '已经有名为[ {name} |此名称]的连接。',
      safe: '已有的连接没有改变。',
      todo: '请另选名称。',
    },
    'profile.not-found': {
      what: '没有[名为 {name} 的|这个]方案。',
      safe: '没有任何更改。',
      todo: '[请使用其中之一：{known}。|"keyferry profiles" 会列出现有方案；新方案在控制台（"keyferry serve"）中创建。]',
    },
    'profile.changed-meanwhile': {
      what: '方案[ {name}]在您打开之后已被他人保存。',
      safe: '没有覆盖任何内容；您输入的仍在这里。',
      todo: '查看较新的版本、把您的另存为副本，或用您的覆盖它。',
    },
    'profile.name-taken': {
      what: '已有名为[ {name} |此名称]的方案。',
      safe: '已有的方案没有改变。',
      todo: '请另选名称。',
    },
    'profile.in-use': {
      what: '方案[ {name} ]正被未结束的任务使用。',
      safe: '没有任何更改。',
      todo: '请先完成或停止该任务，或复制该方案。',
    },
    'profile.not-a-file': {
      what: '该文件[（{file}）]不是 Keyferry 的方案文件[：无法理解 {field}]。',
      safe: '没有创建或更改任何方案。',
      todo: '请选择从 Keyferry 导出的文件，文件名以 .keyferry 结尾。',
    },
    'profile.file-newer': {
      what: '该文件[（{file}）]由更新版本的 Keyferry 导出[（格式 {version}）]。',
      safe: '没有创建或更改任何方案。',
      todo: '请更新本机的 Keyferry，或用相同版本重新导出该方案。',
    },
    'task.not-found': {
      what: '[{none:if}还没有开始过任何迁移|没有任务 {id}|没有此任务]。',
      safe: '没有任何更改。',
      todo: '[{console:if}请查看任务列表；它可能已在另一个窗口中删除。|{none:if}用 "keyferry run" 开始已保存方案的迁移；开始之后即有报告。|"keyferry tasks" 会列出现有任务；如果是用两个地址指定的，请检查这两个地址。]',
    },
    'task.wrong-state': {
      what: '任务[处于 {state} 状态，|目前]不能这样做。',
      safe: '任务照常进行。',
      todo: '请等待当前步骤完成，或选择任务页面提供的操作。',
    },
    'task.password-needed': {
      what: '[{address} |服务器]的密码没有保存，现在需要它。',
      safe: '没有任何更改。',
      todo: '请输入密码，或让方案保存密码。',
    },
    'task.checks-failed': {
      what: '检查发现了必须先解决的问题。',
      safe: '之前已复制的内容保持不变，没有新增任何内容。',
      todo: '请查看未通过的检查项，每项都说明了解决方法，解决后再继续。',
    },
    'task.warnings-open': {
      what: '检查给出了尚未接受的警告。',
      safe: '尚未复制任何内容。',
      todo: '请阅读并接受每条警告[{console:if}|（--accept-warnings）]，或解决其原因后重新检查。',
    },
    'task.other-ending': {
      what: '已有人开始结束此迁移，且选择与此处不同。',
      safe: '它按那里的选择结束；此处所选的均未执行。',
      todo: '结束后请查看其状态：剩下的事（例如解除源端冻结）届时仍可进行。',
    },
    'task.consent-needed': {
      what: '尚未证明源端和目标端一致，因此结束任务需要输入确认。',
      safe: '增量同步仍在进行，没有任何更改。',
      todo: '请重新比较，或输入所要求的确认内容。',
    },
    'task.other-mode': {
      what: '该任务开始时是跟随复制流的任务[；目标端 {address} 上有当时留下的记录]。',
      safe: '这次没有做任何更改。',
      todo: '请用开始时的模式继续，或停止它后另建任务。',
    },
    'task.move-by-rules': {
      what: '不能删除源[ {source}]的键：按键规则，并非所有键都已复制，或键名不同。',
      safe: '所有键仍在源端。',
      todo: '请不删除而完成；不再需要的键请手动删除。',
    },
    'task.other-rules': {
      what: '该任务开始时使用的是另一组键规则[；目标端 {address} 上有当时留下的记录]。',
      safe: '这次没有做任何更改。',
      todo: '请用开始时的规则继续，或停止它后另建任务。',
    },
    'task.way-back-one-source': {
      what: '回退通道只能通向一个源端（服务器或集群）[，而此迁移有 {sources} 个]：有多个时，目标端上新出现的键属于哪个源端无从判断。',
      safe: '源端已冻结，可以不保留回退通道直接完成迁移。',
      todo: '请不带回退通道完成；或在可能需要期间保持各源端不变。',
    },
    'task.expiries-shifted': {
      what: '未能恢复[ {address} 上的]过期时间：本应过期的键将保留一千多年。',
      safe: '所有值都与复制时一致，源端未受影响。',
      todo: '请在使用目标端之前清空它，或以替换已有键的方式重新迁移到该目标端。',
    },
    'task.too-many': {
      what: 'Keyferry 已在同时运行[ {most} 个|最多数量的]任务，不再接受新的任务。',
      safe: '这些任务继续运行；本任务未启动。',
      todo: '待其中一个结束或暂停后再启动。',
    },
    'task.instance-busy': {
      what: '另一个任务[“{name}”]正在使用[ {address}|同一台服务器]。',
      safe: '该任务继续运行；本任务未启动。',
      todo: '等待该任务结束，或先暂停、停止它。',
    },
    'task.move-consent': {
      what: '只有输入源端地址后才会删除源端的键[：{source}]。',
      safe: '未删除任何内容。',
      todo: '请准确输入地址，或完成而不删除。',
    },
    'task.move-unproven': {
      what: '不能删除[ {source} 上]的键：尚未在有效的冻结下证明每个值都一致。',
      safe: '未删除任何内容；仍在跟随源端。',
      todo: '先冻结并比较每个值，然后完成；或完成而不删除。',
    },
    'task.overwrites': {
      what: '该迁移会覆盖[ {address} 上|目标端]的键，需要单独确认。',
      safe: '该迁移未启动。',
      todo: '请在该迁移自己的复核页面启动。',
    },
    'task.repair-consent': {
      what: '修复会替换目标端的值，因此必须输入其地址[：{target}]。',
      safe: '未做任何更改；源端仍处于冻结状态。',
      todo: '请准确输入该地址，或保持目标端不变。',
    },
    'command.failed': {
      what: '割接时要运行的命令[ {program}] 失败[：{reason}]。',
      safe: '所有写入均已到达并已比较，旧服务器仍处于冻结状态，可以重新以它为准。',
      todo: '事件中有它的输出。可手动运行后不带该命令完成，或中止；它已做的更改需由您撤回。',
    },
    'command.lost': {
      what: '割接时的命令[ {program}] 运行期间 Keyferry 被终止：它可能已全部完成、完成一部分，或什么都没做。',
      safe: '它没有被再次运行。所有写入均已到达并已比较，旧服务器仍处于冻结状态。',
      todo: '请查看它是否已完成工作；然后再次运行它，或不带它完成[{console:if}|（命令行用 --no-on-cutover）]。',
    },
    'command.not-consented': {
      what: '该方案带有割接时运行的命令[ {program}]，而这台机器上还没有人同意过。',
      safe: '它没有被运行。',
      todo: '请先阅读该命令。要运行它，[{console:if}请在方案的选项中或割接页同意|请用 --allow-command {digest} 启动|请允许它]；否则请把它从方案中去掉。',
    },
    'command.not-from-here': {
      what: '此控制台不得在为其提供服务的机器上运行命令[：{program}]。',
      safe: '方案保持原样，没有运行任何命令。',
      todo: '请去掉该命令后保存；或请提供此控制台的人在那台机器上设置，或允许控制台设置[{console:if}|（keyferry profiles on-cutover；serve --allow-commands）]。',
    },
    'command.holds-secret': {
      what: '割接时的命令[ {program}] 中含有该方案的一个密码，保存后会以明文保留。',
      safe: '方案保持原样。',
      todo: '请让该程序从它自己的文件中读取密码。',
    },
    'way-back.none': {
      what: '没有[从 {target} 到 {source} 的]已打开的回退通道。',
      safe: '两端均未做任何更改。',
      todo: '回退通道在割接时打开：[{console:if}在方案中选择，或在割接页勾选。|使用 --way-back，或在方案中选择。“keyferry tasks”会列出现有任务。]没有回退通道而要回退时，请反方向做一次迁移。',
    },
    'schedule.past': {
      what: '时间[ {when}] 已过。',
      safe: '未作任何更改。',
      todo: '选择更晚的时间，或立即启动迁移。',
    },
    'schedule.missed': {
      what: '迁移本应[于 {when} |更早]启动，但当时 Keyferry 未运行，或本机处于休眠状态。',
      safe: '未启动任何操作。',
      todo: '立即启动，或另选时间。',
    },
    'task.held-elsewhere': {
      what: '[{host} 上的]另一个 Keyferry 正在运行该任务。',
      safe: '另一个 Keyferry 不受影响。',
      todo: '请在那里停止它，或等待其占用过期。',
    },
    'freeze.not-permitted': {
      what: '源端[ {address} ]的用户无权修改密码[（命令 {command}）]。',
      safe: '源端没有冻结，密码没有改变。',
      todo: '请授予 CONFIG SET、ACL 和 CLIENT KILL 的权限；或手动冻结：由您阻断写入方，Keyferry 负责确认。',
    },
    'freeze.not-primary': {
      what: '源端[ {address} ]是副本；写入应在其主节点上冻结。',
      safe: '源端没有冻结，密码没有改变。',
      todo: '请把主节点指定为源端，在那里冻结。',
    },
    'freeze.node-unreachable': {
      what: '无法连接源端的一个服务器[ {address}]，因此不能与其他服务器一起冻结。',
      safe: '源端没有冻结，密码没有改变。',
      todo: '请让本机可以连接它，或将它移出复制关系或集群，然后重新冻结。',
    },
    'freeze.shard-elsewhere': {
      what: '一个分片[（跟随 {address}）]没有跟随任何已冻结的主节点。',
      safe: '写入已冻结，目前收到的数据全部保留；没有进行校验或完成。',
      todo: '请解冻。等集群故障转移后稳定、该分片同步跟上之后，再重新冻结。',
    },
    'freeze.slot-moving': {
      what: '源端有槽正在迁移[（在 {address} 上发现）]。',
      safe: '源端没有冻结，密码没有改变。',
      todo: '请等待重新分片完成，或用 CLUSTER SETSLOT … STABLE 结束它，然后重新冻结。',
    },
    'freeze.sentinel-unreachable': {
      what: '无法连接监视源端的一个 Sentinel[（{address}）]；不告知它新密码，它会发起故障转移。',
      safe: '源端没有冻结，密码没有改变。',
      todo: '请让所有 Sentinel 都可连接；如果它们有密码，请通过 Sentinel 指定源端；已不存在的用 SENTINEL RESET 清除。然后重新冻结。',
    },
    'freeze.sentinel-hasty': {
      what: 'Sentinel[ {address} ]在[ {ms} |很短的]毫秒后就认定[ {name} |源端]已下线；它重新登录期间可能发起故障转移。',
      safe: '源端没有冻结，密码没有改变。',
      todo: '请在每个 Sentinel 上调高时间：SENTINEL SET[ {name}| NAME] down-after-milliseconds 5000，然后重新冻结。',
    },
    'freeze.sentinel-password': {
      what: '不知道 Sentinel 在源端[ {address} ]使用的密码，因此之后无法还给它们。',
      safe: '源端没有冻结，密码没有改变。',
      todo: '请用 default 用户的密码（Sentinel 所用的密码）指定源端。',
    },
    'freeze.password-needed': {
      what: '源端[ {address} ]已拒绝旧密码，而这里不知道新密码。',
      safe: 'Keyferry 没有更改源端的任何内容。',
      todo: '请再次手动冻结，并同时给出新密码。',
    },
    'freeze.not-frozen': {
      what: '源端[ {address} ]没有冻结。',
      safe: '没有任何更改。',
      todo: '没有需要撤销的内容；如需停止写入，请先冻结。',
    },
    'freeze.not-proven': {
      what: '无法证明源端[ {address} ]已拒绝旧密码。',
      safe: '旧密码已保留，可以恢复。',
      todo: '请重试冻结，或撤销冻结。',
    },
    'freeze.broken': {
      what: '源端[ {address} ]的冻结已失效：它被重启过、被其他节点接替、有槽迁移，或有人改了密码。',
      safe: '增量同步仍在进行，期间的写入不会丢失。',
      todo: '请查明谁在写入，并在结束前重新冻结。',
    },
    'freeze.changed-meanwhile': {
      what: '源端[ {address} ]在冻结期间被他人修改了密码。',
      safe: '较新的密码没有被覆盖。',
      todo: '请决定使用哪些密码，并手动设置。',
    },
    'freeze.not-drained': {
      what: '目标端尚未取得源端[ {address} ]冻结时的全部内容。',
      safe: '没有丢失：缺少的部分保存在本机磁盘上。',
      todo: '请等到延迟为 0，或撤销冻结。',
    },
    'usage.invalid': {
      what: '[{field} |某一项]的值无法使用[：{reason}]。',
      safe: written,
      todo: '请改正后重试[{console:if}|；--help 会列出所有选项]。',
    },
    'usage.too-long': {
      what: '[{field} |某一项]的内容过长[：最多 {most} 个字符]。',
      safe: written,
      todo: '请缩短后重试。',
    },
    'usage.path-relative': {
      what: '[{file} |该路径]不是从根目录开始的，无法判断它在哪个文件夹中。',
      safe: written,
      todo: '请输入完整路径，例如 /data/dump.rdb 或 C:\\data\\dump.rdb，或从文件夹列表中选择。',
    },
    'usage.not-a-url': {
      what: '指定的备份看起来像网址，但不是有效的网址。',
      safe: written,
      todo: '请重新复制包含主机名的完整地址，例如 https://backups.example/dump.rdb。',
    },
    'usage.no-times': {
      what: '指定了截止时刻，但[{file} |其中一个输入]是 RDB 文件：它只保存一个状态，不记录写入时间。',
      safe: written,
      todo: '请[{console:if}完整恢复，不指定截止时刻|不带 --until 恢复]，或单独恢复 AOF 文件。',
    },
    'usage.would-empty': {
      what: '[{file} |AOF 文件]中有[ {command}|清空一切的命令]，会删除它之前的输入所带来的内容。',
      safe: written,
      todo: '请把它放在最前面；如果这正是您想要的，请[{console:if}选择覆盖已有的键|使用 --on-conflict replace]。',
    },
    'usage.missing-prerequisite': {
      what: '需要[ {program}|某个程序]，但本机上没有找到。',
      safe: written,
      todo: '请安装[：{command}]，然后重试。',
    },
    'internal.unexpected': {
      what: '发生了 Keyferry 没有预料到的情况[：{message}]。',
      safe: '[至少已写入 {written:keys}，它们保留在目标端。|据目前所知，没有写入任何内容。]',
      todo: '请附上代码和这段文字报告问题。',
    },
  },
}
