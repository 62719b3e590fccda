import type { enTasks } from './en-tasks.ts'
import type { WordsLike } from './words.ts'

export const koTasks: WordsLike<typeof enTasks> = {
  'tasks.empty': '아직 마이그레이션이 없습니다',
  'tasks.empty.cause': '각 마이그레이션의 상태와 다음 할 일이 여기에 나열됩니다.',
  'tasks.unstarted': '시작 전',
  'tasks.history': '지난 작업',
  'tasks.task': '작업',
  'tasks.detail': '{keys} · 지연 {lag} · 쓰기 {writes}/초',
  'tasks.search': '이름 또는 주소로 지난 작업 검색',
  'tasks.search.none': '일치하는 지난 작업이 없습니다.',
  'tasks.more_other': '{n}개 더 보기',
}
