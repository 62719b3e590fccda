import type { StandingFinding } from '../finding.ts'
import { fine, type FindingWords } from './finding-words.ts'

export const findingsOfStandingZh: Readonly<Record<StandingFinding, FindingWords>> = {
  'no-other-task': fine('没有其他任务在使用它。'),
  'other-task': {
    found: '另一个任务正在使用[ {address}|它][：{task}]。',
    why: '两个任务同时进行会互相撤销参数和密码，并混淆数据。',
    mend: '请先完成或停止另一个任务，再重新检查。',
  },
  'not-busy': fine('它既没有在加载，也没有在保存。'),
  loading: {
    found: '[{address} |源端]仍在加载数据[（约还需 {seconds} 秒）]。',
    why: '加载完成之前无法读取。',
    mend: '请稍后重新检查。',
  },
  saving: {
    found: '[{address} |源端]正在生成快照或重写 AOF。',
    why: '用于复制的快照要等它完成才能开始。',
    mend: '请等它完成；也可以继续，复制会晚一些开始。',
  },
  'snapshot-room': fine('其机器内存共 {total:bytes}，已使用 {used:bytes}。'),
  'snapshot-tight': {
    found: '其机器内存共 {total:bytes}，它已使用 {used:bytes}。',
    why: '生成快照期间，被改写的内容会保留两份；内存耗尽会导致服务器被终止。',
    mend: '请改用副本作为源端，或在低峰期复制；并在其机器上将 vm.overcommit_memory 设为 1。',
  },
  'snapshot-failed-before': {
    found: '[{address} |源端]最近一次快照失败了。',
    why: '用于复制的快照可能因同样的原因失败：多为 fork 内存不足或磁盘已满。',
    mend: '请查看其日志并排除原因（vm.overcommit_memory = 1、磁盘空间），让 BGSAVE 成功一次。',
  },
  'snapshot-room-unknown': fine('无法得知其机器的内存大小。'),
  writable: fine('目标端接受写入。'),
  'writable-too-few-replicas': {
    found: '目标端要求 {wanted} 个副本才接受写入，现有 {connected} 个。',
    why: '在此之前它拒绝一切写入。',
    mend: '请接入其副本，或调低 min-replicas-to-write。',
  },
  'writable-not-after-failed-save': {
    found: '[{address} |目标端]无法将数据保存到磁盘，因而不接受写入。',
    why: '在保存成功之前它拒绝一切写入。',
    mend: '请清理磁盘或修复目录，让 BGSAVE 成功一次。',
  },
  'writable-still-loading': {
    found: '[{address} |目标端]仍在加载数据。',
    why: '加载完成之前不接受写入。',
    mend: '请稍后重新检查。',
  },
  'persistence-same': fine('目标端的数据持久化不低于源端。'),
  'persistence-none': {
    found: '源端将数据保存到磁盘，目标端没有。',
    why: '目标端重启后会变空：任务期间需重新复制，之后则数据丢失。',
    mend: '请在应用切换之前开启其 AOF 或快照。',
  },
  'clocks-agree': fine('两端时钟相差不超过 {ms} 毫秒。'),
  'clocks-apart': {
    found: '源端与目标端的时钟相差 {ms} 毫秒。',
    why: '过期时间是绝对时刻：键在目标端会多活或少活这么久。',
    mend: '请校准两端时钟，例如使用 NTP。',
  },
  'clocks-unknown': fine('无法查询时钟。'),
}
