import type { enWayBack } from './en-way-back.ts'
import type { WordsLike } from './words.ts'

export const koWayBack: WordsLike<typeof enWayBack> = {
  'wayBack.option.text':
    '전환 뒤 타깃에 쓰이는 내용이 동결된 소스로 되돌아갑니다. 되돌려도 잃는 쓰기가 없습니다.',
  'wayBack.oneSource':
    '되돌아갈 길은 소스 하나(서버 또는 클러스터)로만 이어집니다. 여럿이면 새로 생긴 키가 어느 소스의 것인지 알 수 없습니다.',
  'wayBack.review': '되돌아갈 길',
  'wayBack.review.on': '전환 뒤에는 되돌리거나 닫을 때까지 쓰기가 소스로 되돌아갑니다.',
  'wayBack.review.off': '열어 두지 않습니다.',
  'wayBack.name': '{name} · 되돌아갈 길',
  'wayBack.state.open': '되돌아갈 길 열림',
  'wayBack.state.closed': '되돌아갈 길 닫힘',
  'wayBack.kept.title': '이제 타깃이 원본이며, 되돌아갈 길이 열려 있습니다.',
  'wayBack.kept.text': '타깃에 쓰이는 내용이 동결된 소스로 되돌아갑니다.',
  'wayBack.kept.release': '되돌아갈 길을 닫을 때까지 동결된 채로 있습니다',
  'wayBack.kept.show': '되돌아갈 길 보기',
  'wayBack.open.title': '되돌아갈 길이 열려 있습니다.',
  'wayBack.open.text':
    '{from} 서버에 쓰이는 내용이 동결된 {to} 서버로 갑니다. 문제가 생기면 되돌리고, 확신이 서면 닫으세요.',
  'wayBack.rollBack': '되돌리기…',
  'wayBack.close': '되돌아갈 길 닫기…',
  'wayBack.close.title': '되돌아갈 길을 닫을까요?',
  'wayBack.close.text':
    '{from} 서버가 계속 원본입니다. 이제부터 쓰이는 내용은 {to} 서버로 가지 않으며, 새로 마이그레이션해야만 옮길 수 있습니다.',
  'wayBack.close.back': '열어 두기',
  'wayBack.close.deed': '닫기',
  'rollBack.title': '되돌리기',
  'rollBack.done.title': '되돌렸습니다. {to} 서버가 다시 원본입니다.',
  'rollBack.done.text': '비밀번호와 사용자가 이전과 같습니다. 애플리케이션을 이 주소로 연결하세요.',
  'rollBack.freeze': '{from}의 쓰기 동결',
  'rollBack.drain.text': '{from}의 마지막 오프셋까지',
  'rollBack.finish': '되돌리기',
  'rollBack.finish.text': '이제부터 {to} 서버가 다시 원본이며, 동결 이전 상태로 돌아갑니다',
  'rollBack.point': '애플리케이션을 {to} 서버로 연결',
  'rollBack.release': '{from}의 동결을 풀거나 그대로 두기',
  'rollBack.unfreezeAfter': '끝나면 {from}의 이전 비밀번호를 돌려주기',
  'rollBack.abort': '중단: {from} 계속 사용',
}
