import type { enSettings } from './en-settings.ts'
import type { WordsLike } from './words.ts'

export const koSettings: WordsLike<typeof enSettings> = {
  'nav.connections': '연결',
  'nav.settings': '설정',
  'help.connections':
    '이름을 붙여 둔 서버입니다. 마이그레이션이나 복원에서 고르면 주소와 연결 방식, 저장된 비밀번호가 채워집니다.',
  'help.connection':
    '서버 하나의 이름과 주소, 연결 방식입니다. 테스트하면 먼저 저장하고 서버가 알려 준 내용을 남깁니다.',
  'help.settings': 'Keyferry의 기본값, 보관하는 내용과 위치, 권장하는 서버 설정입니다.',
  'settings.folder.copy': '경로 복사',
  'settings.feed.copy': '주소 복사',
  'connections.new': '새 연결',
  'connections.empty': '아직 연결이 없습니다',
  'connections.empty.cause':
    '자주 쓰는 서버를 이름을 붙여 여기에 두면 마이그레이션과 복원에서 바로 고를 수 있습니다.',
  'connections.name': '이름',
  'connections.name.hint': '이 서버를 부르는 이름',
  'connections.name.missing': '연결의 이름을 입력하세요',
  'connections.address': '주소',
  'connections.lastTest': '마지막 테스트',
  'connections.neverTested': '테스트한 적 없음',
  'connections.usedBy': '사용하는 프로필',
  'connections.search.none': '일치하는 연결이 없습니다.',
  'connections.unused': '없음',
  'connections.save': '저장',
  'connections.test': '저장하고 테스트',
  'connections.choose': '저장된 연결',
  'connections.choose.none': '하나를 고르거나 아래에 입력하세요',
  'connections.conflict': '다른 사람이 이 연결을 바꿨습니다',
  'connections.saved.gone':
    '여기에 채워 넣은 저장된 연결이 삭제되었습니다. 저장되어 있던 비밀번호는 다시 입력해야 합니다.',
  'connections.remove.title': '이 연결을 삭제할까요?',
  'connections.remove.text':
    '{name} 연결과 저장된 비밀번호를 삭제합니다. 이 연결로 만든 프로필은 가져간 내용을 그대로 유지합니다.',
  'connections.remove.deed': '연결 삭제',
  'settings.look': '언어와 모양',
  'settings.look.hint': '이 창 또는 브라우저에만 적용됩니다',
  'settings.kept': '보관하는 내용과 위치',
  'settings.folder': '데이터 폴더',
  'settings.secrets': '저장된 비밀번호',
  'secrets.key-file': '키 파일',
  'secrets.key-file.text':
    '키는 이 사용자만 읽을 수 있는 keyferry.key에 있습니다. 이 파일과 데이터 폴더를 모두 읽을 수 있으면 저장된 비밀번호를 열 수 있습니다.',
  'secrets.key-file.open':
    '키는 keyferry.key에 있으며 이 시스템은 다른 사용자로부터 막아 주지 않습니다. 다른 방식을 고르거나 프로필이 매번 묻게 하세요.',
  'secrets.key-file.now': '비밀번호는 keyferry.key의 키로 암호화됩니다.',
  'secrets.passphrase': '암호 문구',
  'secrets.passphrase.text':
    '키 파일은 암호 문구가 있어야만 쓸 수 있습니다. 시작할 때마다 여기에 입력하거나 KEYFERRY_PASSPHRASE로 줍니다.',
  'secrets.passphrase.now': '비밀번호는 keyferry.key의 키로 암호화되며, 그 키는 암호 문구로 잠겨 있습니다.',
  'secrets.key-ring': '시스템 키링',
  'secrets.key-ring.text':
    '이 앱은 사용자 계정의 키링으로 키를 엽니다. 명령줄과 브라우저 콘솔에는 암호 문구가 필요하고, 키링을 잃었을 때도 마찬가지입니다.',
  'secrets.key-ring.now': '비밀번호는 keyferry.key의 키로 암호화되며, 시스템 키링이나 암호 문구로 열립니다.',
  'secrets.key-ring.unprotected':
    '이 시스템에는 보호해 주는 키링(libsecret 또는 KWallet)이 없어 고를 수 없습니다.',
  'secrets.choose': '키를 보관하는 방식',
  'secrets.passphrase.new': '새 암호 문구',
  'secrets.passphrase.hint':
    '{count}자 이상. 다른 곳에도 보관하세요. 없으면 아무도 저장된 것을 열 수 없고 그것으로 동결을 해제할 수도 없습니다.',
  'secrets.passphrase.short': '암호 문구가 너무 짧습니다',
  'secrets.keep': '이렇게 보관',
  'secrets.kept': '이제부터 키를 이렇게 보관합니다',
  'secrets.locked':
    '저장된 비밀번호가 잠겨 있어 비밀번호가 필요한 작업은 기다립니다. 매번 비밀번호를 묻는 프로필은 상관없습니다.',
  'secrets.unlock': '잠금 해제',
  'session.title': '이 브라우저의 세션',
  'session.text':
    '한동안 아무것도 하지 않으면 저절로 끝나고, 콘솔을 다른 한도로 시작하지 않았다면 길어도 하루면 끝납니다. 작업과 복원은 그와 상관없이 계속됩니다.',
  'session.out': '로그아웃',
  'session.all': '모든 브라우저 로그아웃',
  'settings.limits': '새 복원의 제한',
  'settings.limits.hint': '복원은 이 값으로 시작하며 따로 바꿀 수 있습니다. 비워 두면 제한하지 않습니다.',
  'settings.updates': '업데이트',
  'settings.feed': '업데이트 피드',
  'settings.feed.hint':
    '최신 버전을 알려 주는 http 또는 https 주소입니다. 비워 두면 아무 곳에도 묻지 않습니다. 자동으로 설치되는 것은 없습니다.',
  'settings.feed.wrong': 'http 또는 https 주소가 아닙니다',
  'settings.feed.ask': '지금 확인',
  'settings.feed.newest': '최신 버전({version})을 쓰고 있습니다.',
  'settings.feed.newer': '새 버전이 있습니다({version}). 지금 버전: {own}.',
  'settings.save': '저장',
  'settings.saved': '저장됨',
  'settings.newer': '열어 둔 사이에 다른 콘솔에서 이 설정을 바꿨습니다. 저장하면 내 설정으로 바뀝니다.',
  'settings.newer.show': '최신 설정 보기',
  'settings.servers': '권장하는 서버 설정',
  'settings.servers.hint':
    '마이그레이션은 대부분의 설정을 진행하는 동안만 바꾸고 되돌립니다. 계정이 설정을 바꿀 수 없거나 복사가 거듭 실패하면 영구히 설정하세요.',
  'settings.servers.side': '대상',
  'settings.servers.name': '설정 항목',
  'settings.servers.value': '값',
  'settings.servers.reason': '이유',
  'settings.servers.buffer.value': 'replica 0 0 0 또는 사용 중인 메모리의 절반',
  'settings.servers.buffer.reason':
    '스냅샷을 보내는 동안 모든 쓰기가 여기서 기다립니다. 너무 작으면 서버가 연결을 끊고 복사를 처음부터 다시 합니다.',
  'settings.servers.backlog.value': '데이터의 10분의 1, 64~512 MB',
  'settings.servers.backlog.reason':
    '연결이 끊긴 동안 놓친 내용이 이 안에 있으면 새로 복사하지 않고 이어서 진행합니다.',
  'settings.servers.replTimeout.value': '600',
  'settings.servers.replTimeout.reason':
    '스냅샷이 오래 걸리거나 네트워크가 느려도 죽은 레플리카로 여기지 않아야 합니다.',
  'settings.servers.sourceTimeout.value': '0 또는 60 이상',
  'settings.servers.sourceTimeout.reason': '소스를 지켜보는 연결은 1초에 한 번만 통신합니다.',
  'settings.servers.overcommit.value': '1',
  'settings.servers.overcommit.reason':
    '스냅샷은 fork된 자식 프로세스가 씁니다. 그렇지 않으면 메모리가 부족할 때 Linux가 fork를 거부합니다.',
  'settings.servers.policy.value': 'noeviction',
  'settings.servers.policy.reason': '복사한 데이터가 자리를 만들기 위해 밀려나면 안 됩니다.',
  'settings.servers.maxmemory.value': '0 또는 소스 사용량의 1.5배',
  'settings.servers.maxmemory.reason': '같은 값도 버전에 따라 크기가 다르고 버퍼도 더해집니다.',
  'settings.servers.targetTimeout.value': '0 또는 3600 이상',
  'settings.servers.targetTimeout.reason':
    '아무도 쓰지 않는 동안에는 변경을 적용하는 연결이 보낼 것이 없습니다.',
  'settings.servers.bulk.value': '소스보다 작지 않게',
  'settings.servers.bulk.reason':
    '한 명령이 담을 수 있는 가장 긴 값입니다. 소스에 있는 것은 타깃도 받아야 합니다.',
}
