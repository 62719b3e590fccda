import type { FitFinding } from '../finding.ts'
import { fine, type FindingWords } from './finding-words.ts'

export const findingsOfFitKo: Readonly<Record<FitFinding, FindingWords>> = {
  empty: fine('타깃은 비어 있거나 이 작업이 복사한 것만 있습니다.'),
  'not-empty': {
    found: '타깃에 {keys:keys}가 이미 있습니다.',
    why: '소스의 키와 섞이게 됩니다.',
    mend: '빈 타깃을 쓰거나 옵션에서 같은 이름의 키를 덮어쓰도록 고르세요.',
  },
  'not-empty-replace': {
    found: '타깃에 {keys:keys}가 이미 있습니다.',
    why: '소스에도 있는 키는 소스의 값으로 덮어쓰며 되돌릴 수 없습니다.',
    mend: '아직 필요한 키가 있다면 빈 타깃을 쓰세요.',
  },
  'memory-enough': fine('타깃에 {free:bytes} 남아 있고 약 {needed:bytes} 필요합니다.'),
  'memory-unlimited': fine('타깃에는 메모리 제한이 없습니다.'),
  'memory-short': {
    found: '타깃에 {free:bytes} 남아 있고 약 {needed:bytes} 필요합니다.',
    why: '타깃이 가득 차면 쓰기를 거부하여 복사가 멈춥니다.',
    mend: '메모리 제한을 올리거나 더 큰 타깃을 쓰세요.',
  },
  'memory-unknown': {
    found: '메모리 사용량과 여유를 읽을 수 없습니다.',
    why: '타깃이 가득 차면 쓰기를 거부하여 복사가 멈춥니다.',
    mend: '제공업체 콘솔에서 양쪽 크기를 비교하세요.',
  },
  'databases-enough': fine('소스의 모든 데이터베이스가 타깃에 자리가 있습니다.'),
  'databases-cluster': {
    found: '소스가 데이터베이스 {highest}번을 쓰지만 클러스터에는 0번뿐입니다.',
    why: '다른 데이터베이스의 내용은 갈 곳이 없습니다.',
    mend: '먼저 고유한 이름으로 0번에 옮기거나 단일 서버로 마이그레이션하세요.',
  },
  'databases-too-few': {
    found: '소스는 {highest}번 데이터베이스를 쓰는데 타깃에는 {databases}개뿐입니다.',
    why: '넘는 것은 둘 곳이 없습니다.',
    mend: '타깃의 설정에서 데이터베이스 수를 늘리세요.',
  },
  'big-keys-none': fine(
    '[{looked:keys}를 살펴보았고 가장 큰 것은 {bytes:bytes} 입니다.|아직 키가 없습니다.]',
  ),
  'big-keys-found': {
    found: '키 {key} 크기는 {bytes:bytes} 입니다.',
    why: '이 키를 읽고 쓰고 비교하는 동안 두 서버가 다른 요청에 늦게 답합니다.',
    mend: '나눌 수 있으면 나누거나 한가할 때 복사하세요.',
  },
  'big-keys-unknown': fine('키 하나하나의 크기를 물어볼 수 없습니다.'),
  'shared-keys-one-source': fine('소스가 하나입니다.'),
  'shared-keys-none': fine(
    '[{looked:keys}를 살펴보았고 다른 소스에도 있는 키는 없습니다.|아직 키가 없습니다.]',
  ),
  'shared-keys-found': {
    found:
      '키 {key} 항목이 {one} 및 {other} 양쪽에 있습니다. 살펴본 {looked:keys} 중 {count}개가 그렇습니다.',
    why: '타깃에는 그중 하나만 둘 수 있습니다. 두 소스가 모두 쓰므로 마지막에 어느 쪽이 남을지 알 수 없습니다.',
    mend: '전환하기 전에 필요 없는 쪽 소스에서 이런 키를 삭제하거나 이름을 바꾸세요. 복구가 대신 고르지 않습니다.',
  },
  'shared-keys-unknown': fine('소스끼리 공유하는 키를 물어볼 수 없습니다.'),
  'modules-fit': fine('타깃에 소스의 모듈이 모두 있습니다.'),
  'modules-missing': {
    found: '타깃에 소스의 모듈이 없습니다: {names}.',
    why: '모듈 없이는 그 타입의 값을 읽을 수 없어 첫 값에서 복사가 멈춥니다.',
    mend: '타깃에 모듈을 적재하거나 그 타입을 쓰지 않는지 확인하세요.',
  },
  'functions-none': fine('소스에 함수 라이브러리가 없습니다.'),
  'functions-unseen': {
    found: '이 계정은[ {address} 서버에] 함수 라이브러리를 물을 수 없습니다(FUNCTION LIST).',
    why: '소스에 라이브러리가 있는데 타깃에 없으면 FCALL이 실패합니다. 키 단위로 읽으면 라이브러리는 빠지고, 복제 스트림에는 들어 있습니다.',
    mend: '계정에 FUNCTION을 허용하거나(ACL: +function) 라이브러리가 없는지 직접 확인하세요.',
  },
  'functions-fit': fine('타깃이 소스의 함수 라이브러리를 담을 수 있습니다.'),
  'functions-unsupported': {
    found: '소스에 함수 라이브러리({libraries}개)가 있지만 타깃은 지원하지 않습니다.',
    why: '타깃에는 라이브러리가 없고 FCALL이 거부됩니다.',
    mend: '7.0 이상의 타깃을 쓰거나 호출하는 애플리케이션이 없는지 확인하세요.',
  },
  'types-fit': fine('소스에서 본 타입이 타깃에 모두 있습니다.'),
  'types-no-streams': {
    found: '소스에 스트림이 있지만(예: {key}) 타깃은 스트림을 모릅니다.',
    why: '스트림과 그 뒤에 스트림에 쓰는 내용이 제외됩니다.',
    mend: '5.0 이상의 타깃을 쓰거나 필요로 하는 애플리케이션이 없는지 확인하세요.',
  },
  'types-fields-stay': {
    found: '소스의 해시 {hashes}개에 만료되는 필드가 있지만 타깃에는 그런 필드가 없습니다.',
    why: '전환 전까지는 소스가 지울 때 함께 지워지고, 그때 남아 있는 필드는 계속 남습니다.',
    mend: 'Redis 7.4, Valkey 9.0 이상의 타깃을 쓰거나 전환한 뒤 다른 방법으로 만료시키세요.',
  },
  'policies-same': fine('메모리가 가득 차면 타깃도 소스처럼 동작합니다.'),
  'policies-differ': {
    found: '메모리가 가득 차면 소스는 {before}, 타깃은 {after} 정책을 따릅니다.',
    why: '전환한 뒤 메모리가 가득 차면 다른 키가 축출되거나 쓰기가 거부됩니다.',
    mend: '애플리케이션이 그 동작에 기댄다면 타깃에 소스의 정책을 주세요.',
  },
  'shape-fits': fine('{used:bytes} 용량을 담고 초당 명령 {ops}개에 답합니다.'),
  'shape-larger': {
    found: '소스는 {used:bytes} 용량을 담고 초당 명령 {ops}개에 답합니다.',
    why: '지금 12 GiB, 앞으로 60 GiB, 초당 명령 40,000개까지는 마스터 하나를, 넘으면 클러스터를 권합니다.',
    mend: '타깃으로 클러스터를 고려하세요. 애플리케이션이 쓸 수 있는지는 "keyferry readiness" 명령이 알려 줍니다.',
  },
  'shape-transactions': {
    found: '소스가 트랜잭션과 스크립트를 {count}번 실행했고 타깃은 클러스터입니다.',
    why: '클러스터는 서로 다른 슬롯의 키를 건드리는 것을 거부합니다.',
    mend: '"keyferry readiness" 명령으로 찾아내고 그 키에 같은 해시 태그를 주세요.',
  },
  'rules-none': fine('키 규칙이 없어 모두 복사합니다.'),
  'rules-fit': fine('키 규칙으로 고른 내용을 따라갈 수 있습니다.'),
  'rules-contradict': {
    found: '키 규칙이 서로 모순됩니다: {field}, {reason}.',
    why: '어떤 키를 뜻하는지 알 수 없습니다.',
    mend: '계획에서 규칙을 고치세요.',
  },
  'rules-way-back': {
    found: '키 규칙이 있는데, 되돌아갈 길을 두려고 합니다.',
    why: '타깃의 키가 소스의 어느 키인지 규칙만으로는 알 수 없는 경우가 있습니다.',
    mend: '되돌아갈 길이나 규칙 중 하나를 쓰지 마세요.',
  },
  'rules-databases-meet': {
    found: '소스의 {dbs}번 데이터베이스가 같은 이름으로 타깃의 {db}번 데이터베이스에 들어가게 됩니다.',
    why: '이름이 같은 두 키가 함께 있을 수 없습니다.',
    mend: '둘 중 하나에 접두사나 다른 데이터베이스를 주거나 제외하세요.',
  },
  'way-back-none': fine('되돌아갈 길을 두지 않습니다.'),
  'way-back-open': fine('타깃에 쓰인 내용이 소스로 되돌아갈 수 있습니다.'),
  'way-back-several': {
    found: '소스가 {sources}개이고, 되돌아갈 길을 두려 합니다.',
    why: '타깃에 새로 생긴 키가 어느 소스의 것인지 알 방법이 없습니다.',
    mend: '되돌아갈 길 없이 진행하거나, 소스마다 별도의 타깃으로 마이그레이션하세요.',
  },
  'way-back-no-stream': {
    found: '{address} 서버를 따라갈 수 없는데, 되돌아갈 길을 두려 합니다.',
    why: '타깃에 쓰인 내용을 그곳에서 받을 수 없습니다.',
    mend: '레플리카처럼 따라갈 수 있는 타깃 사용자(ACL: +psync +sync +replconf +ping)를 쓰거나, 되돌아갈 길 없이 진행하세요.',
  },
  'way-back-into-cluster': {
    found: '소스는 클러스터이고 타깃은 아닌데, 되돌아갈 길을 두려 합니다.',
    why: '클러스터에는 0번 데이터베이스만 있어, 타깃에서 다른 데이터베이스에 쓰면 되돌아갈 길이 끝납니다. 여러 슬롯에 걸친 스크립트는 알려 주지만 되돌아가지 않습니다.',
    mend: '되돌아갈 길이 닫힐 때까지 애플리케이션이 타깃을 클러스터처럼 쓰게 하세요.',
  },
  'disk-enough': fine('이 컴퓨터에는 받은 데이터를 둘 공간이 {free:bytes} 있습니다.'),
  'disk-short': {
    found: '이 컴퓨터에는 받은 데이터를 둘 공간이 {free:bytes} 있고 최대 {needed:bytes} 필요합니다.',
    why: '받았지만 아직 적용하지 않은 것은 {folder} 폴더에 보관합니다. 디스크가 가득 차면 작업이 멈춥니다.',
    mend: '그곳을 비우거나 다른 데이터 폴더를 고르세요.',
  },
}
