import type { EventsOf } from './say-event.ts'

export const eventsKo: EventsOf = {
  'run.resumed': '타깃이 있던 곳에서 이어 갑니다[(오프셋 {resumedAt:count})].',
  'source.flush-decided': '{command} 명령을 결정한 대로 처리했습니다.',
  'source.full-resync': '소스가 데이터 전체를 보냅니다[(오프셋 {offset:count}부터)].',
  'source.partial-resync': '소스가 이어서 보냅니다[(오프셋 {offset:count}부터)]. 빠진 것은 없습니다.',
  'source.new-replid': '소스가 장애 조치 뒤처럼 새 복제 ID로 이어 갑니다.',
  'source.replica': '레플리카 {replica}에서 스트림을 받습니다.',
  'source.no-replica':
    '레플리카 {replicas}개 가운데 지금 따라갈 수 있는 것이 없어 마스터에서 스트림을 받습니다.',
  'source.lost': '소스와의 연결이 끊겨 다시 찾고 있습니다.',
  'source.gone-at-end':
    '타깃이 마지막 쓰기 일부를 잃었다가 모두 되찾았습니다. 소스가 더는 응답하지 않아, 소스만 확인할 수 있는 만료 시각은 복제 스트림에 있던 그대로입니다.',
  'copy.done': '전체 복사가 끝났습니다[: {keys:keys}][, {bytes:bytes}].',
  'copy.cleared': '소스가 이전 위치에서 이어 갈 수 없어, 타깃에 있던 이전 복사본을 비웠습니다.',
  'target.lost': '타깃과의 연결이 끊겨 다시 찾고 있습니다.',
  'target.restarted': '타깃이 재시작되었습니다.',
  'target.rolled-back': '타깃이 이전 상태로 돌아가 다시 채우고 있습니다[(오프셋 {to:count}부터)].',
  'target.fenced': '이 작업의 오래된 연결을 닫았습니다[({count}개)].',
  'apply.command-failed': '{key} 키[({db}번 데이터베이스)]에서 명령이 실패하여 그 키를 새로 복사합니다.',
  'apply.unknown-command': '{command} 명령을 몰라서 온 그대로 적용합니다.',
  'apply.cannot-hold': '타깃이 {command} 명령으로 쓴 내용을 담을 수 없어 제외합니다.',
  'apply.not-by-rules':
    '{command} 명령에는 키 규칙을 적용할 수 없고 어떤 키를 바꾸는지도 알 수 없어 제외합니다. 양쪽을 비교하세요.',
  'copy.begun-anew':
    '키 규칙에서 {command} 명령이 무엇을 뜻하는지는 새로 복사해야 알 수 있어 소스를 다시 복사합니다.',
  'apply.not-in-cluster':
    '클러스터는 {command} 명령을 실행할 수 없고 어떤 키를 바꾸는지도 알 수 없어 제외합니다. 양쪽을 비교하세요.',
  'copy.cannot-hold': '타깃이 {key} 키[({db}번 데이터베이스)]의 값을 담을 수 없어 제외합니다.',
  'repair.done': '키를 새로 복사했습니다[({count}개)].',
  'expiry.beyond-guard': '{key} 키[({db}번 데이터베이스)]의 만료는 너무 멀어서 그대로 둡니다.',
  'expiry.settled': '타깃의 만료 시각이 모두 제 시각으로 돌아왔습니다.',
  'order.refused': '{order} 지시를 수행하지 않았습니다[({reason})].',
  'expiry.guarded-again': '타깃의 만료 시각을 다시 보호합니다.',
  'scan.begun':
    '소스[ {source}] 서버를 키 단위로 읽습니다. 변경이 늦게 보이거나 중간 값이 건너뛰어질 수 있습니다. 쓰기를 동결한 뒤 마지막 비교로 양쪽이 같아집니다.',
  'scan.gap': '소스에서 알림 없이 바뀐 것이 있을 수 있어 양쪽을 비교합니다.',
  'scan.unheard': '소스가 변경을 알려 주지 않습니다. 양쪽을 거듭 비교해야만 찾을 수 있습니다.',
  'scan.reconciled': '양쪽을 비교했습니다[({keys:keys})]. {differing:count}개를 다시 옮겼습니다.',
  'scan.too-large':
    '키 {key}[(데이터베이스 {db})] 값이 한 번에 읽기에는 너무 크고 나누어 읽을 수 없는 형식이라 제외합니다.',
  'scan.unequal': '몇 번을 써도 다른 키가 있습니다[({keys}개)]. 검증 결과에서 알 수 있습니다.',
  'task.state': '‘{from}’에서 ‘{to}’ 상태로 바뀌었습니다.',
  'checks.done': '점검 결과: 통과 {passed}, 경고 {warnings}, 실패 {failed}[, 대기 {skipped}].',
  'checks.accepted': '‘{check}’ 점검의 경고를 수락했습니다.',
  'schedule.armed': '{when} 시점에 시작됩니다.',
  'schedule.disarmed': '더 이상 자동으로 시작되지 않습니다[ (예정 시각: {when})].',
  'schedule.missed': '[{when} 시점에 ]시작되지 않았습니다: {code}',
  'way-back.open':
    '되돌아갈 길이 열렸습니다. 타깃에 쓰이는 내용이[ 오프셋 {offset:count}부터] 동결된 소스로 되돌아갑니다.',
  'way-back.not-opened': '되돌아갈 길을 열지 못했습니다: {code} 그 길 없이 마이그레이션을 완료했습니다.',
  'way-back.closed': '되돌아갈 길을 닫았습니다. 타깃이 계속 원본입니다.',
  'way-back.rolled-back': '되돌렸습니다. 소스가 다시 원본입니다.',
  'command.done': '전환 때의 {program} 명령이 잘 끝났습니다[. {ms:duration} 걸렸습니다].',
  'command.lost':
    '전환 때의 {program} 명령이 실행되는 동안 Keyferry가 종료되었습니다. 이미 실행되었을 수 있습니다.',
  'command.skipped': '요청에 따라 전환 때의 명령 {program} 없이 완료했습니다.',
  'command.failed': '전환 때의 {program} 명령이 실패했습니다: {reason}[. 출력: {said}].',
  'move.done':
    '타깃에 도착한 키를 소스에서 삭제했습니다: {deleted:count}개[. {kept:keys}는 타깃에 같은 이름이 없어 남겨 두었습니다].',
  'move.ended':
    '소스에서 키 {deleted:count}개를 삭제한 뒤 중단되었습니다: {code} 나머지는 소스에 남아 있습니다.',
  'settings.changed': '{side}[ {server}] 쪽의 {name} 설정을 ‘{now}’ 값으로 바꿨습니다(이전 값 ‘{before}’).',
  'settings.mended': '{side}[ {server}] 쪽의 {name} 설정을 ‘{now}’ 값으로 아주 바꿨습니다(이전 ‘{before}’).',
  'settings.restored': '{side}[ {server}] 쪽의 {name} 설정을 ‘{value}’ 값으로 되돌렸습니다.',
  'settings.left':
    '{side}[ {server}] 쪽의 {name} 설정은 다른 사람이 ‘{found}’ 값으로 바꿔서 그대로 두었습니다.',
  'settings.by-hand':
    '{side}[ {server}] 쪽의 {name} 설정을 ‘{value}’ 값으로 바꾸지 못했습니다. 직접 설정하세요.',
  'freeze.done': '[오프셋 {offset:count} 위치에서 ]쓰기를 동결했고 연결 {clients:count}개를 내보냈습니다.',
  'freeze.drained': '동결 전 마지막 쓰기가 도착했습니다[({ms:duration} 뒤)].',
  'freeze.broken': '동결이 풀렸습니다[({address})]. {breach} 이전의 검증은 무효입니다.',
  'freeze.again': '이전 서버를 다시 동결했고, 연결 {clients:count}개를 끊었습니다.',
  'freeze.undone': '소스의 비밀번호와 사용자가 원래대로 돌아왔습니다.',
  'freeze.undo-by-hand':
    'Keyferry는 소스에서 아무것도 바꾸지 않았습니다. 쓰는 쪽을 막은 사람이 다시 열어 주세요.',
  'freeze.changed-meanwhile': '동결된 동안 다른 사람이 다음을 바꿔서 그대로 두었습니다: {what}.',
  'freeze.left': '소스를 동결된 채로 두었습니다. 소스를 재시작하면 풀립니다.',
  'target.locked': '타깃을 다른 모든 접속에 대해 잠갔습니다. 연결 {clients:count}개를 끊었습니다.',
  'target.lock-broken':
    '타깃의 잠금이 풀렸습니다[({address})]. {breach} 그동안 다른 접속이 썼을 수 있습니다.',
  'target.unlocked': '타깃에 예전처럼 접속할 수 있습니다.',
  'target.lock-changed': '잠긴 동안 다른 사람이 타깃의 다음을 바꿔서 그대로 두었습니다: {what}.',
  'target.foreign-client':
    '다른 누군가가 타깃에 씁니다: {client}[({name})] 연결이 {command} 명령을 실행했습니다. 전환 전에는 우리만 써야 합니다.',
  'target.foreign-write':
    '동결 뒤에 다른 누군가가 타깃의 [키 {key} 값을|모든 내용을] 바꿨습니다. 이전의 검증은 무효입니다.',
  'target.evicted': '타깃이 메모리가 부족해 {keys:keys}를 축출했습니다. 전환 전에 전체를 비교하세요.',
  'proof.done': '양쪽을 비교했습니다: 차이 {differing:count}건[({keys:keys})].',
  'proof.repaired':
    '다른 부분을 복구했습니다: 다시 쓴 것 {written:keys}[, 삭제한 것 {deleted:keys}]. 양쪽을 다시 비교합니다.',
  'pause.ended': '쓰기가 {ms:duration} 동안 멈췄습니다.',
  'task.failed': '사람이 필요합니다: {code}.',
  'task.consented': '동의를 직접 입력하고 마쳤습니다: {reason}.',
}
