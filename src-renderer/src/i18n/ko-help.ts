import type { enHelp } from './en-help.ts'
import type { WordsLike } from './words.ts'

export const koHelp: WordsLike<typeof enHelp> = {
  help: '도움말',
  'help.keys': '키보드',
  'help.key.help': '이 도움말 열기',
  'help.key.primary': '페이지의 주요 작업 실행',
  'help.key.next': '다음 컨트롤, 이전 컨트롤',
  'help.key.choose': '같은 그룹의 다른 항목 선택',
  'help.key.close': '페이지 위에 열린 창 닫기',
  'help.questionMark': '? 키로도 이 도움말 열기',
  'help.failures': '모든 오류와 해결 방법',
  'help.start':
    '시작하는 방법은 세 가지입니다. 운영 중인 서버, 백업 파일, 체험. 계획을 확인하고 시작하기 전에는 아무것도 변경하지 않습니다.',
  'help.tasks':
    '마이그레이션의 모든 실행입니다. 진행 중, 시작 전, 종료. 작업을 열면 해야 할 일을 볼 수 있습니다.',
  'help.task.overview':
    '전체 복사의 진행률, 타깃의 지연, 안전한 데이터를 보여 줍니다. 양쪽이 동기화되면 전환하세요.',
  'help.task.freeze':
    '쓰기 동결이 소스에서 실행할 명령과 되돌리는 방법을 하나씩 보여 줍니다. 동결하기 전에는 아무것도 변경하지 않습니다.',
  'help.task.cutover':
    '동기화부터 완료까지의 단계입니다. 사용자와 Keyferry 중 누가 할 일인지 알려 줍니다. 끝나기 전에는 모두 되돌릴 수 있습니다.',
  'help.task.proof': '양쪽 데이터가 같은지, 다른 키는 무엇인지 보여 줍니다.',
  'help.profiles': '계획한 마이그레이션입니다. 열어서 수정하거나 복사하거나 다시 실행할 수 있습니다.',
  'help.migration.source':
    '애플리케이션이 지금 사용하는 서버입니다. 연결을 테스트하면 Keyferry의 권한을 확인할 수 있습니다.',
  'help.migration.target':
    '애플리케이션이 앞으로 사용할 서버입니다. 마이그레이션 중에는 다른 쓰기가 없어야 합니다.',
  'help.migration.scope':
    '여기서 선택하지 않으면 모두 복사됩니다. 마이그레이션이 시작된 뒤에는 규칙이 바뀌지 않습니다.',
  'help.migration.options': '각 선택의 결과가 함께 표시됩니다. 기본값이 가장 신중한 선택입니다.',
  'help.migration.check': '양쪽을 점검합니다. 통과하지 못한 항목은 이유와 해결 방법을 알려 줍니다.',
  'help.migration.review': '전체 계획을 문장으로 보여 줍니다. 각 문장에서 해당 단계로 돌아갈 수 있습니다.',
  'help.restores': '백업 파일에서 복원한 내역입니다. 진행 중인 것과 끝난 것을 모두 보여 줍니다.',
  'help.readiness':
    '애플리케이션이 지금 그대로 클러스터를 쓸 수 있는지, 서버에 보내는 요청이나 AOF 파일을 보고 알려 줍니다.',
  'help.guided-backup':
    '백업 이전의 단계, 단계마다 누가 하는지, 지금 상태입니다. 진행 상황은 보관되므로 언제든 닫았다가 돌아와도 됩니다.',
  'help.restore': '복원 진행률과 지금까지 안전한 데이터, 끝난 뒤에는 제외된 키와 그 이유를 보여 줍니다.',
  'help.restore-new.file':
    '백업을 하나 이상 지정하세요. 각 백업을 처음부터 끝까지 읽고 체크섬을 확인하며, 아무것도 변경하지 않습니다.',
  'help.restore-new.target': '키를 쓸 서버입니다. 연결을 테스트하면 버전, 메모리, 현재 키를 볼 수 있습니다.',
  'help.restore-new.scope': '어떤 키를 어떤 이름, 데이터베이스, 만료 시간으로 옮길지 정합니다.',
  'help.restore-new.options': '이미 있는 키와 타깃이 담을 수 없는 항목의 처리 방법, 속도를 정합니다.',
  'help.restore-new.review':
    '계획을 문장으로 보여 줍니다. 모의 실행으로 어떤 키가 어디에 쓰일지 미리 볼 수 있습니다.',
  'help.failures.place':
    'Keyferry가 알릴 수 있는 모든 오류와 안전한 것, 할 일을 보여 줍니다. 코드나 단어로 검색하세요.',
  'help.nowhere': '이 주소에 해당하는 화면이 없습니다. 옆의 메뉴를 이용하세요.',
  'failures.search': '코드 또는 단어',
  'failures.none': '일치하는 오류가 없습니다',
  'failures.count_other': '오류 {n}개',
  'failure.about': '이 오류에 대하여',
  'failure.means': '의미',
  'failure.once': '쓰기가 시작된 뒤',
  'failure.again': '재시도',
  'failure.again.helps': '도움이 될 수 있습니다. 작업 중에는 자동으로 다시 시도합니다.',
  'failure.again.helpsNot': '원인을 해결하기 전에는 도움이 되지 않습니다.',
}
