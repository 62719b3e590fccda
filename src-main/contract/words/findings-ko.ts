import { findingsOfFitKo } from './findings-fit-ko.ts'
import { findingsOfStandingKo } from './findings-standing-ko.ts'
import { fine, type FindingsOf } from './finding-words.ts'

export const findingsKo: FindingsOf = {
  ...findingsOfStandingKo,
  ...findingsOfFitKo,
  reachable: fine('{address} 서버가 응답합니다[({ms}ms)].'),
  'not-reachable': {
    found: '[{address} ]서버에 연결할 수 없거나 로그인이 거부됩니다.',
    why: '연결되지 않으면 아무것도 복사할 수 없습니다.',
    mend: '주소, 포트, 비밀번호를 확인하고 방화벽이나 보안 그룹에서 이 컴퓨터에 포트를 여세요.',
  },
  'role-master': fine('[{address} ]서버는 마스터입니다.'),
  'role-cluster': fine(
    '[{address} ]서버는 마스터 {masters}대로 된 클러스터에 속하며 모든 슬롯에 소유자가 있습니다.',
  ),
  'cluster-not-whole': {
    found:
      '[{address} ]클러스터가 모든 명령을 받지는 못합니다. 슬롯 16384개 중 {covered}개만 소유자가 있습니다.',
    why: '나머지 슬롯의 키는 갈 곳이 없습니다.',
    mend: '"redis-cli --cluster check"와 "--cluster fix"를 확인하세요.',
  },
  'role-replica': {
    found: '[{address} ]타깃 서버는 레플리카입니다.',
    why: '레플리카는 쓰기를 받지 않으며 그 마스터가 내용을 덮어씁니다.',
    mend: '그 마스터를 지정하거나 먼저 마스터로 승격하세요.',
  },
  'role-replica-source': {
    found: '[{address} ]소스 서버는 레플리카입니다.',
    why: '복사하고 따라갈 수는 있지만 그곳에서 쓰기를 동결할 수 없습니다.',
    mend: '전환할 때 쓰기를 동결하려면 그 마스터를 지정하세요.',
  },
  'replica-link-down': {
    found: '[{address} ]소스 서버는 마스터와 끊긴 레플리카입니다.',
    why: '오래된 데이터를 넘겨주게 됩니다.',
    mend: '그 마스터를 지정하거나 연결이 돌아올 때까지 기다리세요.',
  },
  'mode-unsupported': {
    found: '[{address} ]서버가 {mode} 모드로 실행 중입니다.',
    why: '이 버전은 단독 서버만 옮깁니다.',
    mend: '단독 서버를 지정하세요.',
  },
  'version-fine': fine('버전은 {version} 입니다.'),
  'version-older': {
    found: '버전은 {version} 입니다[({needed} 버전보다 낮음)].',
    why: '모르는 명령은 예전 명령으로 바꾸어 전하고, 타입이 없는 것은 제외하고 알립니다.',
    mend: '소스 이상의 버전을 타깃으로 쓰거나 새 타입을 쓰지 않는지 확인하세요.',
  },
  'version-too-old': {
    found: '버전은 {version} 입니다. 실시간으로 따라가려면 {needed} 이상이어야 합니다.',
    why: '더 오래된 서버는 실시간 이전이 기대는 약속을 지키지 못합니다.',
    mend: '백업과 복원으로 데이터를 옮기세요. 어느 버전에서나 됩니다.',
  },
  'version-other-product': {
    found: '소스 {source} 버전과 타깃 {target} 버전은 서로 다른 제품입니다.',
    why: '갈라진 뒤에 추가된 기능(해시 필드 만료 등)은 서로 같은 형식으로 알지 못합니다.',
    mend: '그런 기능을 쓰지 않는지 확인하세요. 맞지 않는 것은 검증에서 드러납니다.',
  },
  'psync-allowed': fine('이 계정은 복제 스트림을 따라갈 수 있습니다.'),
  'sync-alone': {
    found: '{address} 서버는 {version} 버전이라 PSYNC를 모르므로 SYNC로 따라갑니다.',
    why: '오프셋부터 이어 갈 수 없습니다. 연결이 끊기거나 Keyferry가 다시 시작되거나 작업을 일시 중지할 때마다 소스가 스냅샷을 새로 만들고 모든 데이터를 다시 복사합니다. 처음부터 다른 키가 있던 타깃에는 다시 복사할 수 없습니다.',
    mend: '안정된 연결과 빈 타깃을 쓰고 전환할 때까지 작업을 계속 실행하거나, 이를 받아들이세요.',
  },
  'psync-refused': {
    found: '이 계정은 [{address} 서버에서 ]PSYNC 명령을 쓸 수 없습니다.',
    why: '복제 스트림이 없으면 소스를 따라갈 수 없습니다.',
    mend: '계정에 psync, replconf 명령을 허용하거나 권한이 있는 계정을 쓰세요.',
  },
  'replica-not-preferred': fine('마스터를 직접 읽습니다.'),
  'replica-itself': fine('{address} 서버는 마스터가 아니므로 지정한 그대로 따라갑니다.'),
  'replica-found': fine('레플리카 {replica}에서 스트림을 받습니다. 마스터는 스냅샷을 만들지 않아도 됩니다.'),
  'replica-none': {
    found: '{address} 서버의 레플리카 {replicas}개 가운데 지금 따라갈 수 있는 것이 없습니다.',
    why: '그러면 마스터에서 스트림을 받으며 스냅샷도 마스터가 만듭니다. 복제 연결이 살아 있고, 뒤처진 양이 64 MiB 미만이며, 버전이 4.0 이상이고, 마스터가 알려 주는 주소에서 이 계정을 받아들이는 레플리카를 따라갑니다.',
    mend: '동기화된 레플리카가 있는지, 이 컴퓨터에서 닿는지, 그곳에도 이 계정이 있는지(사용자는 복제되지 않습니다) 확인하거나 이를 받아들이세요.',
  },
  'scan-instead': {
    found: '이 계정은 [{address} 서버에서 ]복제 스트림을 따라갈 수 없어 소스를 키 단위로 읽습니다.',
    why: '변경이 늦게 보이거나 중간 값이 건너뛰어질 수 있고, 소스는 SCAN과 키마다의 DUMP, 전체 비교에 응답해야 합니다. 동결 뒤의 마지막 비교로만 양쪽이 같아지며, 모든 키를 읽는 만큼 걸립니다.',
    mend: '복제 스트림을 쓰려면 psync, sync, replconf를 허용하고, 아니면 이 방식을 받아들이세요.',
  },
  'scan-chosen': {
    found: '선택한 대로 소스[ {address}] 서버를 키 단위로 읽습니다.',
    why: '변경이 늦게 보이거나 중간 값이 건너뛰어질 수 있고, 소스는 SCAN과 키마다의 DUMP, 전체 비교에 응답해야 합니다. 동결 뒤의 마지막 비교로만 양쪽이 같아지며, 모든 키를 읽는 만큼 걸립니다.',
    mend: '소스가 허용하면 복제 스트림을 고르고, 아니면 이 방식을 받아들이세요.',
  },
  'scan-needs-none': fine('소스를 키 단위로 읽으므로 여기서는 상관없습니다.'),
  'events-not-needed': fine('필요 없습니다. 복제 스트림이 모든 변경을 알려 줍니다.'),
  'events-told': fine('소스가 바뀐 키를 알려 줍니다[({name} 값은 {found})].'),
  'events-will-set': fine(
    '소스가 아직 모든 변경을 알리지 않아 {name} 설정을 {during} 값으로 바꾸고 나중에 되돌립니다.',
  ),
  'events-off': {
    found: '소스가 모든 변경을 알려 주지 않습니다[({name} 값은 "{found}")].',
    why: '양쪽을 거듭 비교해야만 변경을 찾을 수 있어 늦고 양쪽에 부담이 됩니다.',
    mend: '마이그레이션하는 동안 {name} 설정을 {during} 값으로 바꾸세요.',
  },
  'events-refused': {
    found: '이 계정은 [{address} 서버에서 ]키의 변경을 들을 수 없습니다.',
    why: '양쪽을 거듭 비교해야만 변경을 찾을 수 있어 늦고 양쪽에 부담이 됩니다.',
    mend: '계정에 psubscribe 명령과 채널을 허용하세요(ACL: +psubscribe &__keyevent@*).',
  },
  'events-unknown': {
    found: '소스가 변경을 알려 주는지 알 수 없습니다[({name} 값을 읽을 수 없음)].',
    why: '알려 주지 않으면 양쪽을 거듭 비교해야만 변경을 찾을 수 있습니다.',
    mend: '제공자의 방법으로 {name} 값을 AE로 바꾸면 변경을 들을 수 있습니다.',
  },
  'config-allowed': fine('이 계정은 설정을 읽고 바꿀 수 있습니다.'),
  'config-refused': {
    found: '이 계정은 [{address} 서버의 ]설정을 바꿀 수 없습니다.',
    why: '설정은 그대로 두며 Keyferry가 쓰기를 동결할 수 없습니다.',
    mend: 'CONFIG 권한을 주거나, 설정을 직접 바꾸고 전환할 때 쓰는 쪽을 직접 멈추세요.',
  },
  'rights-enough': fine('이 계정은 필요한 명령을 모두 실행할 수 있습니다.'),
  'rights-missing': {
    found: '이 계정은 [{address} 서버에서 ]다음 명령을 실행할 수 없습니다: {commands}.',
    why: '이 명령이 없으면 마이그레이션이 도중에 멈춥니다.',
    mend: '계정에 모든 키(~*)에 대한 이 명령 권한을 주거나 권한이 있는 계정을 쓰세요.',
  },
  'freeze-allowed': fine('이 계정은 쓰기를 동결할 수 있습니다.'),
  'freeze-refused': {
    found: '이 계정은 [{address} 서버에서 ]쓰기를 동결할 수 없습니다. 없는 권한: {commands}.',
    why: '전환할 때 Keyferry가 애플리케이션의 쓰기를 막지 못하므로 마지막 쓰기가 사라질 수 있습니다.',
    mend: '계정에 이 명령 권한을 주거나 전환할 때 쓰는 쪽을 직접 멈추세요.',
  },
  'backlog-enough': fine('[복제 백로그 크기는 {found:bytes} 입니다.|이 버전에는 복제 백로그가 없습니다.]'),
  'backlog-small': {
    found: '복제 백로그 크기가 {found:bytes} 뿐입니다.',
    why: '연결이 잠깐 끊겨도 전체를 다시 복사해야 합니다.',
    mend: '마이그레이션 동안 {during:bytes} 크기로 올리세요.',
  },
  'backlog-will-raise': fine(
    '복제 백로그 크기는 {found:bytes} 입니다. 마이그레이션 동안에만 {during:bytes} 크기로 올리고 나중에 되돌립니다.',
  ),
  'buffer-enough': fine('레플리카 출력 버퍼가 충분합니다({found}).'),
  'buffer-small': {
    found: '레플리카 출력 버퍼에 제한이 있습니다({found}).',
    why: '복사 중에 쓰기가 몰리면 연결이 끊겨 복사를 처음부터 다시 해야 합니다.',
    mend: '마이그레이션 동안 {during} 값으로 설정하세요.',
  },
  'buffer-will-raise': fine(
    '레플리카 출력 버퍼에 제한이 있습니다({found}). 마이그레이션 동안에만 제한을 풀고 나중에 되돌립니다.',
  ),
  'timeout-enough': fine('레플리카는 {found}초 동안 조용해도 됩니다.'),
  'timeout-short': {
    found: '{found}초 동안 조용한 레플리카는 끊깁니다.',
    why: '복사 중에 잠시 느려지면 연결이 끊겨 복사를 처음부터 다시 해야 합니다.',
    mend: '마이그레이션 동안 {during}초로 설정하세요.',
  },
  'timeout-will-raise': fine(
    '{found}초 동안 조용한 레플리카는 끊깁니다. 마이그레이션 동안에만 {during}초로 올리고 나중에 되돌립니다.',
  ),
  'idle-enough': fine('잠시 조용한 연결도 열린 채로 있습니다[({found}초)].'),
  'idle-short': {
    found: '{found}초 동안 조용한 연결은 [{address} 서버가 ]닫습니다.',
    why: '그만큼 쓰기가 없을 때마다 우리 연결이 끊기고 다시 맺어집니다.',
    mend: '마이그레이션 동안 {during}초로 늘리세요.',
  },
  'idle-will-raise': fine('{found}초 동안 조용한 연결은 닫힙니다. {during}초로 늘렸다가 되돌립니다.'),
  'value-size-enough': fine('값의 길이는 Redis가 허용하는 만큼 됩니다[: {found:bytes}].'),
  'value-size-small': {
    found: '명령 하나가 담을 수 있는 크기는 {found:bytes} 입니다.',
    why: '소스에 더 긴 값이 있으면 거부됩니다.',
    mend: '마이그레이션 동안 {during:bytes} 크기로 늘리세요.',
  },
  'value-size-will-raise': fine(
    '명령 하나가 담을 수 있는 크기는 {found:bytes} 입니다. {during:bytes} 크기로 늘렸다가 되돌립니다.',
  ),
  'setting-unreadable': {
    found: '[{address} 서버의 ]{name} 설정을 읽을 수 없습니다.',
    why: '충분히 큰지 알 수 없습니다.',
    mend: 'CONFIG 권한을 주거나 제공업체 콘솔에서 확인하세요.',
  },
  'eviction-off': fine('타깃은 가득 차도 키를 내보내지 않습니다.'),
  'eviction-on': {
    found: '타깃은 가득 차면 키를 내보냅니다({found}).',
    why: '복사한 키가 소리 없이 사라질 수 있습니다.',
    mend: '마이그레이션 동안 maxmemory-policy 설정을 noeviction 값으로 두세요.',
  },
  'eviction-will-set': fine(
    '타깃은 가득 차면 키를 내보냅니다({found}). 마이그레이션 동안에만 이를 끄고 나중에 되돌립니다.',
  ),
  'different-servers': fine('소스와 타깃은 서로 다른 서버입니다.'),
  'same-instance': {
    found: '소스 {source} 서버와 타깃 {target} 서버의 인스턴스 ID가 같습니다: {instance}.',
    why: '인스턴스를 자기 자신으로 옮기면 가진 데이터를 잃습니다.',
    mend: '서로 다른 두 인스턴스를 지정하거나, 잘못된 ID를 고치세요.',
  },
  'same-server': {
    found: '소스 {source} 서버와 타깃 {target} 서버가 같거나, 한쪽이 이미 다른 쪽을 복제하고 있습니다.',
    why: '서버를 자기 자신에게 복사할 수 없습니다.',
    mend: '다른 타깃을 지정하세요.',
  },
  'source-named-twice': {
    found:
      '{address} 서버와 {other} 서버의 데이터가 같습니다. 같은 서버이거나 한쪽이 다른 쪽의 레플리카입니다.',
    why: '모든 데이터가 두 번 복사되고 쓰기도 두 번씩 적용됩니다.',
    mend: '둘 중 하나를 소스에서 빼세요. 클러스터는 노드 하나만 지정하면 모든 마스터를 찾습니다.',
  },
  'still-running': fine('살펴보는 중입니다.'),
  'no-answer-in-time': {
    found: '응답이 없습니다[({ms}ms 초과)].',
    why: '무엇이 나왔을지 알 수 없습니다.',
    mend: '다시 점검하세요. 계속 그러면 서버 부하와 네트워크를 살펴보세요.',
  },
  'waits-for-connection': fine('서버에 연결될 때까지 건너뜁니다.'),
}
