import { findingsOfFitZh } from './findings-fit-zh.ts'
import { findingsOfStandingZh } from './findings-standing-zh.ts'
import { fine, type FindingsOf } from './finding-words.ts'

export const findingsZh: FindingsOf = {
  ...findingsOfStandingZh,
  ...findingsOfFitZh,
  reachable: fine('{address} 有应答[，耗时 {ms} 毫秒]。'),
  'not-reachable': {
    found: '[{address} |该服务器]无法连接，或拒绝登录。',
    why: '连不上就无法复制任何内容。',
    mend: '请检查地址、端口和密码；并在防火墙或安全组中为本机放通该端口。',
  },
  'role-master': fine('[{address} |它]是主节点。'),
  'role-replica': {
    found: '[{address} |目标端]是副本。',
    why: '副本不接受写入，其主节点还会覆盖它的内容。',
    mend: '请改用其主节点，或先将它提升为主节点。',
  },
  'role-replica-source': {
    found: '[{address} |源端]是副本。',
    why: '可以复制和跟随，但无法在它上面冻结写入。',
    mend: '如需在割接时冻结写入，请改用其主节点。',
  },
  'replica-link-down': {
    found: '[{address} |源端]是副本，且与其主节点断开。',
    why: '它提供的数据已经过时。',
    mend: '请改用其主节点，或等待连接恢复。',
  },
  'mode-unsupported': {
    found: '[{address} |该服务器]以 {mode} 模式运行。',
    why: '当前版本只支持单机服务器。',
    mend: '请指定单机服务器。',
  },
  'version-fine': fine('版本为 {version}。'),
  'version-older': {
    found: '版本为 {version}[，低于 {needed}]。',
    why: '它不认识的命令会改用旧命令表达；它没有的类型会被略过并告知。',
    mend: '请使用不低于源端版本的目标端，或确认没有使用新类型。',
  },
  'version-too-old': {
    found: '版本为 {version}；在线跟随需要 {needed} 或更高版本。',
    why: '更旧的服务器不提供偏移量，或无法满足在线迁移所依赖的保证。',
    mend: '请改用备份与恢复来迁移数据，它们支持任何版本。',
  },
  'version-other-product': {
    found: '源端 {source} 与目标端 {target} 属于不同产品。',
    why: '二者分家后各自新增的功能（如哈希字段过期）形式不同，互不认识。',
    mend: '请确认没有使用这些功能；校验会指出不相容的内容。',
  },
  'psync-allowed': fine('当前账号可以跟随复制流。'),
  'psync-refused': {
    found: '当前账号无权[在 {address} ]使用 PSYNC。',
    why: '没有复制流就无法跟随源端。',
    mend: '请为账号授予 psync 和 replconf 命令，或换用有权限的账号。',
  },
  'scan-instead': {
    found: '当前账号无权[在 {address} ]跟随复制流：将逐键读取源端。',
    why: '变更可能延迟被发现，中间的取值可能被跳过；源端要应答 SCAN、每个键的 DUMP 以及完整比对。只有冻结之后的最后一次比对才使两端一致，其耗时相当于读取全部键。',
    mend: '请为账号授予 psync、sync 和 replconf 以改用复制流，或接受此方式。',
  },
  'scan-chosen': {
    found: '按所选方式，将逐键读取源端[ {address}]。',
    why: '变更可能延迟被发现，中间的取值可能被跳过；源端要应答 SCAN、每个键的 DUMP 以及完整比对。只有冻结之后的最后一次比对才使两端一致，其耗时相当于读取全部键。',
    mend: '如源端允许，请改选复制流，或接受此方式。',
  },
  'scan-needs-none': fine('此处无关：源端将逐键读取。'),
  'events-not-needed': fine('不需要：复制流会告知每个变更。'),
  'events-told': fine('源端会告知哪些键发生变更[（{name} 为 {found}）]。'),
  'events-will-set': fine('源端尚未告知全部变更；会将 {name} 设为 {during}，之后恢复。'),
  'events-off': {
    found: '源端没有告知全部变更[：{name} 为“{found}”]。',
    why: '只能反复比对两端来发现变更：既迟，又加重两端负担。',
    mend: '请在迁移期间将 {name} 设为 {during}。',
  },
  'events-refused': {
    found: '当前账号无权[在 {address} ]监听键的变更。',
    why: '只能反复比对两端来发现变更：既迟，又加重两端负担。',
    mend: '请为账号授予 psubscribe 命令和相应频道（ACL：+psubscribe &__keyevent@*）。',
  },
  'events-unknown': {
    found: '无法得知源端是否告知变更[：不能读取 {name}]。',
    why: '若不告知，则只能反复比对两端来发现变更。',
    mend: '请按服务商的方式将 {name} 设为 AE，之后即可听到变更。',
  },
  'config-allowed': fine('当前账号可以读取和修改参数。'),
  'config-refused': {
    found: '当前账号无权[在 {address} ]修改参数。',
    why: '参数保持不变，Keyferry 也无法冻结写入。',
    mend: '请授予 CONFIG 权限，或手动修改参数并在割接时自行停止写入方。',
  },
  'rights-enough': fine('当前账号可以执行所需的全部命令。'),
  'rights-missing': {
    found: '当前账号无权[在 {address} ]执行：{commands}。',
    why: '缺少这些命令，迁移会在中途停下。',
    mend: '请为账号授予这些命令（对所有键 ~*），或换用有权限的账号。',
  },
  'freeze-allowed': fine('当前账号可以冻结写入。'),
  'freeze-refused': {
    found: '当前账号无法[在 {address} ]冻结写入，缺少：{commands}。',
    why: '割接时 Keyferry 无法阻止应用写入，最后写入的内容可能丢失。',
    mend: '请授予这些命令，或在割接时自行停止写入方。',
  },
  'backlog-enough': fine('复制积压缓冲区为 {found:bytes}。'),
  'backlog-small': {
    found: '复制积压缓冲区只有 {found:bytes}。',
    why: '连接短暂中断后就必须重新全量复制。',
    mend: '请在迁移期间提高到 {during:bytes}。',
  },
  'backlog-will-raise': fine('复制积压缓冲区为 {found:bytes}；迁移期间提高到 {during:bytes}，结束后恢复。'),
  'buffer-enough': fine('副本输出缓冲区足够大：{found}。'),
  'buffer-small': {
    found: '副本输出缓冲区有限制：{found}。',
    why: '复制期间的写入高峰可能切断连接，复制将从头开始。',
    mend: '请在迁移期间设为 {during}。',
  },
  'buffer-will-raise': fine('副本输出缓冲区有限制（{found}）；迁移期间取消限制，结束后恢复。'),
  'timeout-enough': fine('副本最多可以静默 {found} 秒。'),
  'timeout-short': {
    found: '静默 {found} 秒的副本会被断开。',
    why: '复制期间的短暂停顿可能切断连接，复制将从头开始。',
    mend: '请在迁移期间设为 {during} 秒。',
  },
  'timeout-will-raise': fine('静默 {found} 秒的副本会被断开；迁移期间提高到 {during} 秒，结束后恢复。'),
  'idle-enough': fine('空闲的连接会保持打开[（{found} 秒）]。'),
  'idle-short': {
    found: '空闲 {found} 秒的连接会被[ {address} ]关闭。',
    why: '只要这么久没有写入，我们的连接就会断开并重新建立。',
    mend: '请在迁移期间改为 {during} 秒。',
  },
  'idle-will-raise': fine('空闲 {found} 秒的连接会被关闭；将提高到 {during} 秒，结束后恢复。'),
  'value-size-enough': fine('单个值可以达到 Redis 允许的长度[：{found:bytes}]。'),
  'value-size-small': {
    found: '一条命令最多只能携带 {found:bytes}。',
    why: '源端更长的值会被拒绝。',
    mend: '请在迁移期间提高到 {during:bytes}。',
  },
  'value-size-will-raise': fine('一条命令最多只能携带 {found:bytes}；将提高到 {during:bytes}，结束后恢复。'),
  'setting-unreadable': {
    found: '无法[在 {address} ]读取参数 {name}。',
    why: '不知道它是否足够大。',
    mend: '请授予 CONFIG 权限，或在云服务商控制台中查看。',
  },
  'eviction-off': fine('目标端内存满时不会淘汰键。'),
  'eviction-on': {
    found: '目标端内存满时会淘汰键（{found}）。',
    why: '已复制的键可能会悄悄消失。',
    mend: '请在迁移期间将 maxmemory-policy 设为 noeviction。',
  },
  'eviction-will-set': fine('目标端内存满时会淘汰键（{found}）；迁移期间关闭淘汰，结束后恢复。'),
  'different-servers': fine('源端和目标端是不同的服务器。'),
  'same-server': {
    found: '源端 {source} 与目标端 {target} 是同一台服务器，或其中一方已在复制另一方。',
    why: '服务器不能复制到自身。',
    mend: '请指定其他目标端。',
  },
  'source-named-twice': {
    found: '{address} 与 {other} 持有相同的数据：两者是同一台服务器，或其中一方是另一方的副本。',
    why: '所有数据会被复制两次，每次写入也会被应用两次。',
    mend: '请从源端中移除其中一个。集群只需填写一个节点：会自动找到所有主节点。',
  },
  'still-running': fine('正在检查。'),
  'no-answer-in-time': {
    found: '没有应答[（超过 {ms} 毫秒）]。',
    why: '不知道会检查出什么。',
    mend: '请重新检查；若仍如此，请查看服务器负载和网络。',
  },
  'waits-for-connection': fine('服务器可连接之前先跳过。'),
}
