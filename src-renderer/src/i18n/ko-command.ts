import type { enCommand } from './en-command.ts'
import type { WordsLike } from './words.ts'

export const koCommand: WordsLike<typeof enCommand> = {
  'command.hint':
    '모두 증명된 뒤 Keyferry가 있는 컴퓨터에서 실행되는 프로그램과 인수입니다. 셸을 거치지 않습니다. 주소는 KEYFERRY_FROM과 KEYFERRY_TO에 있고 비밀번호는 없습니다.',
  'command.notFromHere':
    '이 콘솔에서는 명령을 정할 수 없습니다. 그 컴퓨터에서 직접 정하거나 --allow-commands로 콘솔을 제공해야 합니다.',
  'command.wrong': '프로그램과 인수를 한 줄에, 따옴표는 모두 닫아서 적으세요',
  'command.consented': '이 컴퓨터에서 누군가 실행에 동의했습니다.',
  'command.unconsented': '명령에 아직 동의하지 않음',
  'command.wantsConsent':
    '이 컴퓨터에서 아직 아무도 이 명령에 동의하지 않았습니다. 그 전에는 마이그레이션이 시작되지 않습니다.',
  'command.toOptions': '옵션으로',
  'command.takeOut': '빼기',
  'command.consent.ask': '동의…',
  'command.consent.title': '전환 때 이 명령을 실행할까요?',
  'command.consent.text':
    '이 Keyferry가 있는 컴퓨터에서 Keyferry를 시작한 사용자의 권한으로, 같은 명령이 든 계획이 전환될 때마다 실행됩니다. 아는 명령에만 동의하세요.',
  'command.consent.deed': '실행 허용',
  'command.consent.back': '허용 안 함',
  'command.tick': '계획의 명령 실행',
  'command.tickAgain': '명령을 한 번 더 실행',
  'command.planned':
    '모두 증명된 뒤 동기화가 끝나기 전에 실행됩니다. 되돌아갈 길을 열어 두면 그 길이 열리는 즉시 실행됩니다.',
  'command.left': '아직 실행되지 않았습니다.',
  'command.notRun': '실행되지 않았습니다.',
  'command.running': '실행 중입니다.',
  'command.done': '잘 끝났습니다.',
  'command.failed':
    '실패했습니다(종료 코드 {code}). 마이그레이션은 끝나지 않았습니다. 다시 실행하거나 명령 없이 진행하세요.',
  'command.broken':
    '실패했습니다. 시작할 수 없었거나, 강제로 끝났거나, 너무 오래 걸렸습니다. 다시 실행하거나 명령 없이 진행하세요.',
  'command.lost':
    '실행되었을 수 있습니다. 도중에 Keyferry가 종료되었습니다. 다시 실행하기 전에 무엇을 했는지 확인하세요.',
  'command.output': '마지막 출력',
  'command.run': '지금 실행',
  'command.again': '다시 실행',
}
