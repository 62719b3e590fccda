import type { StandingFinding } from '../finding.ts'
import { fine, type FindingWords } from './finding-words.ts'

export const findingsOfStandingKo: Readonly<Record<StandingFinding, FindingWords>> = {
  'no-other-task': fine('다른 작업이 사용하고 있지 않습니다.'),
  'other-task': {
    found: '다른 작업이 [{address} ]서버를 사용하고 있습니다[: {task}].',
    why: '두 작업이 함께 돌면 서로의 설정과 비밀번호를 되돌리고 데이터가 섞입니다.',
    mend: '다른 작업을 끝내거나 중지한 다음 다시 점검하세요.',
  },
  'not-busy': fine('적재나 저장 중이 아닙니다.'),
  loading: {
    found: '[{address} ]소스 서버가 아직 데이터를 적재하고 있습니다[(약 {seconds}초 남음)].',
    why: '끝날 때까지 아무것도 읽을 수 없습니다.',
    mend: '기다린 다음 다시 점검하세요.',
  },
  saving: {
    found: '[{address} ]소스 서버가 지금 스냅샷이나 AOF를 새로 쓰고 있습니다.',
    why: '복사를 위한 스냅샷은 그것이 끝나야 시작됩니다.',
    mend: '끝날 때까지 기다리세요. 계속해도 되지만 복사가 늦게 시작됩니다.',
  },
  'snapshot-room': fine('머신 메모리 {total:bytes} 가운데 {used:bytes} 용량을 씁니다.'),
  'snapshot-tight': {
    found: '머신 메모리 {total:bytes} 가운데 {used:bytes} 용량을 씁니다.',
    why: '스냅샷을 만드는 동안 바뀐 내용은 두 벌로 남습니다. 메모리가 가득 차면 서버가 종료됩니다.',
    mend: '레플리카를 소스로 쓰거나 한가할 때 복사하고, 그 머신의 vm.overcommit_memory 값을 1로 하세요.',
  },
  'snapshot-failed-before': {
    found: '[{address} ]소스 서버의 지난 스냅샷이 실패했습니다.',
    why: '복사를 위한 스냅샷도 같은 이유로 실패할 수 있습니다. 대개 fork 메모리 부족이나 디스크 부족입니다.',
    mend: '로그를 보고 원인(vm.overcommit_memory = 1, 디스크 공간)을 해결한 뒤 BGSAVE가 한 번 성공하게 하세요.',
  },
  'snapshot-room-unknown': fine('머신의 메모리 크기를 알 수 없습니다.'),
  writable: fine('타깃이 쓰기를 받습니다.'),
  'writable-too-few-replicas': {
    found: '타깃은 레플리카가 {wanted}개 있어야 쓰기를 받는데 지금은 {connected}개입니다.',
    why: '그때까지 모든 쓰기를 거부합니다.',
    mend: '레플리카를 연결하거나 min-replicas-to-write 값을 낮추세요.',
  },
  'writable-not-after-failed-save': {
    found: '[{address} ]타깃 서버가 데이터를 디스크에 저장하지 못해 쓰기를 받지 않습니다.',
    why: '저장이 성공할 때까지 모든 쓰기를 거부합니다.',
    mend: '디스크를 비우거나 폴더를 고친 뒤 BGSAVE가 한 번 성공하게 하세요.',
  },
  'writable-still-loading': {
    found: '[{address} ]타깃 서버가 아직 데이터를 적재하고 있습니다.',
    why: '끝날 때까지 쓰기를 받지 않습니다.',
    mend: '기다린 다음 다시 점검하세요.',
  },
  'persistence-same': fine('타깃은 소스만큼 데이터를 안전하게 보관합니다.'),
  'persistence-none': {
    found: '소스는 데이터를 디스크에 보관하지만 타깃은 그렇지 않습니다.',
    why: '타깃이 재시작하면 비게 됩니다. 작업 중이면 다시 복사하고, 그 뒤라면 데이터가 사라집니다.',
    mend: '애플리케이션을 옮기기 전에 타깃의 AOF나 스냅샷을 켜세요.',
  },
  'clocks-agree': fine('두 시계의 차이는 {ms}ms 이내입니다.'),
  'clocks-apart': {
    found: '소스와 타깃의 시계가 {ms}ms 차이 납니다.',
    why: '만료는 시각으로 정해지므로 타깃에서 키가 그만큼 더 살거나 덜 삽니다.',
    mend: 'NTP 등으로 두 시계를 맞추세요.',
  },
  'clocks-unknown': fine('시계를 물어볼 수 없습니다.'),
}
