import type { FitFinding } from '../finding.ts'
import { fine, type FindingWords } from './finding-words.ts'

export const findingsOfFitZh: Readonly<Record<FitFinding, FindingWords>> = {
  empty: fine('目标端为空，或只有本任务复制的内容。'),
  'not-empty': {
    found: '目标端已有 {keys:keys}。',
    why: '它们会与源端的键混在一起。',
    mend: '请使用空的目标端，或在选项中选择覆盖同名键。',
  },
  'not-empty-replace': {
    found: '目标端已有 {keys:keys}。',
    why: '其中与源端同名的键将被源端的值覆盖，无法找回。',
    mend: '如果其中有仍需要的键，请使用空的目标端。',
  },
  'memory-enough': fine('目标端剩余 {free:bytes}，大约需要 {needed:bytes}。'),
  'memory-unlimited': fine('目标端没有内存限制。'),
  'memory-short': {
    found: '目标端剩余 {free:bytes}，大约需要 {needed:bytes}。',
    why: '目标端内存写满后会拒绝写入，复制将停滞。',
    mend: '请提高其内存上限，或使用更大的目标端。',
  },
  'memory-unknown': {
    found: '无法读取内存用量和余量。',
    why: '目标端内存写满后会拒绝写入，复制将停滞。',
    mend: '请在云服务商控制台中比较两端的规格。',
  },
  'databases-enough': fine('源端的每个数据库在目标端都有位置。'),
  'databases-cluster': {
    found: '源端使用了 {highest} 号数据库，而集群只有 0 号数据库。',
    why: '其他数据库中的内容将无处可放。',
    mend: '请先以不重复的名字移到 0 号数据库，或改为迁移到单机。',
  },
  'databases-too-few': {
    found: '源端使用了数据库 {highest}，而目标端只有 {databases} 个数据库。',
    why: '超出的部分无处存放。',
    mend: '请在目标端的配置中增加数据库数量。',
  },
  'big-keys-none': fine('[抽查了 {looked:keys}，最大的占 {bytes:bytes}。|目前还没有键。]'),
  'big-keys-found': {
    found: '键 {key} 占 {bytes:bytes}。',
    why: '读取、写入和比较它时，两端对其他请求的应答会变慢。',
    mend: '如有可能请拆分，或在低峰期复制。',
  },
  'big-keys-unknown': fine('无法查询单个键的大小。'),
  'shared-keys-one-source': fine('只有一个源端。'),
  'shared-keys-none': fine('[抽查了 {looked:keys}，没有同时存在于其他源端的键。|目前还没有键。]'),
  'shared-keys-found': {
    found: '键 {key} 同时存在于 {one} 和 {other}；抽查的 {looked:keys}中有 {count} 个如此。',
    why: '目标端只能容纳其中一个。两个源端都会写入它，最终保留哪一个无法预料。',
    mend: '请在割接前，在不需要这些键的源端删除或重命名它们。修复不会替您选择。',
  },
  'shared-keys-unknown': fine('无法查询各源端共有哪些键。'),
  'modules-fit': fine('目标端具备源端的全部模块。'),
  'modules-missing': {
    found: '目标端缺少源端的模块：{names}。',
    why: '没有模块就无法读取其类型的值，复制会在第一个这样的值处停下。',
    mend: '请在目标端加载这些模块，或确认没有使用它们的类型。',
  },
  'functions-none': fine('源端没有函数库。'),
  'functions-unseen': {
    found: '当前账号无权[向 {address} ]查询函数库（FUNCTION LIST）。',
    why: '如果源端有函数库，而目标端没有，FCALL 将失败。逐键读取时不会带上它们；复制流会带上。',
    mend: '请授予 FUNCTION（ACL：+function），或自行确认源端没有函数库。',
  },
  'functions-fit': fine('目标端可以容纳源端的函数库。'),
  'functions-unsupported': {
    found: '源端有函数库（{libraries} 个），而目标端不支持。',
    why: '目标端不会有这些函数库，FCALL 会被拒绝。',
    mend: '请使用 7.0 或更高版本的目标端，或确认没有应用调用它们。',
  },
  'types-fit': fine('目标端具备所见到的源端全部类型。'),
  'types-no-streams': {
    found: '源端有流（例如 {key}），而目标端不支持流。',
    why: '流以及之后写入流的内容都会被略过。',
    mend: '请使用 5.0 或更高版本的目标端，或确认没有应用需要它们。',
  },
  'types-fields-stay': {
    found: '源端有 {hashes} 个哈希含有会过期的字段，而目标端不支持字段过期。',
    why: '割接之前，源端删除字段时目标端随之删除；割接时仍在的字段将永久保留。',
    mend: '请使用 Redis 7.4、Valkey 9.0 或更高版本的目标端，或在割接后以其他方式清理这些字段。',
  },
  'policies-same': fine('内存满时目标端与源端的行为相同。'),
  'policies-differ': {
    found: '内存满时源端采用 {before}，目标端采用 {after}。',
    why: '割接之后一旦内存写满，被淘汰的键会不同，或写入被拒绝。',
    mend: '如应用依赖该行为，请让目标端采用源端的策略。',
  },
  'shape-fits': fine('它存有 {used:bytes}，每秒应答 {ops} 条命令。'),
  'shape-larger': {
    found: '源端存有 {used:bytes}，每秒应答 {ops} 条命令。',
    why: '当前不超过 12 GiB、将来不超过 60 GiB 且每秒不超过 40,000 条命令时建议用主从实例，超出则建议用集群。',
    mend: '请考虑以集群作为目标端；"keyferry readiness" 可判断应用能否使用集群。',
  },
  'shape-transactions': {
    found: '源端执行过 {count} 次事务和脚本，而目标端是集群。',
    why: '集群会拒绝涉及不同槽位的键的事务和脚本。',
    mend: '请用 "keyferry readiness" 找出它们，并为其键使用相同的哈希标签。',
  },
  'rules-none': fine('没有键规则：全部复制。'),
  'rules-fit': fine('按键规则选中的内容可以跟随。'),
  'rules-contradict': {
    found: '键规则互相矛盾：{field}，{reason}。',
    why: '无法确定指的是哪些键。',
    mend: '请在方案中修改规则。',
  },
  'rules-way-back': {
    found: '设置了键规则，又要保留回退通道。',
    why: '仅凭规则无法总能得知目标端的键在源端是哪个键。',
    mend: '请不要保留回退通道，或不用规则。',
  },
  'rules-databases-meet': {
    found: '源的数据库 {dbs} 会以相同键名进入目标端的数据库 {db}。',
    why: '同名的两个键不能并存。',
    mend: '请为其中一个加前缀、换一个数据库，或将其排除。',
  },
  'way-back-none': fine('不保留回退通道。'),
  'way-back-open': fine('写入目标端的内容可以回到源端。'),
  'way-back-several': {
    found: '有 {sources} 个源端，且要保留回退通道。',
    why: '目标端上新出现的键属于哪个源端，无从判断。',
    mend: '请不保留回退通道，或为每个源端单独迁移到各自的目标端。',
  },
  'way-back-no-stream': {
    found: '{address} 不允许我们跟随它，而要保留回退通道。',
    why: '无法从目标端取得写入它的内容。',
    mend: '请使用可以像副本一样跟随目标端的用户（ACL：+psync +sync +replconf +ping），或不保留回退通道。',
  },
  'way-back-into-cluster': {
    found: '源端是集群，目标端不是，且要保留回退通道。',
    why: '集群只有 0 号数据库：在目标端写入其他数据库会使回退通道终止。跨多个槽的脚本会告知，但不会回到源端。',
    mend: '在回退通道关闭之前，请让应用像使用集群那样使用目标端。',
  },
  'disk-enough': fine('本机有 {free:bytes} 可用于存放接收的数据。'),
  'disk-short': {
    found: '本机有 {free:bytes} 可用于存放接收的数据，最多需要 {needed:bytes}。',
    why: '已接收而尚未写入的内容保存在 {folder}；磁盘写满会使任务停下。',
    mend: '请在该处腾出空间，或选择其他数据目录。',
  },
}
