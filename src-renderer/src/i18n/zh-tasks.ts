import type { enTasks } from './en-tasks.ts'
import type { WordsLike } from './words.ts'

export const zhTasks: WordsLike<typeof enTasks> = {
  'tasks.empty': '尚无迁移任务',
  'tasks.empty.cause': '每次迁移都会列在这里，显示其状态和下一步。',
  'tasks.unstarted': '未开始',
  'tasks.history': '历史',
  'tasks.task': '任务',
  'tasks.detail': '{keys} · 延迟 {lag} · {writes} 写/秒',
  'tasks.search': '按名称或地址搜索历史记录',
  'tasks.search.none': '历史记录中没有匹配项。',
  'tasks.more_other': '再显示 {n} 项',
}
