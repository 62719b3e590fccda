import type { Loss, LossKind } from '../loss.ts'
import { languages, type Locale } from './say-failure.ts'
import { fillTemplate } from './template.ts'

/** What is lost, as templates (`template.ts`): by what becomes of it. */
type LossWords = Readonly<Record<LossKind, string>>

const words: Readonly<Record<Locale, LossWords>> = {
  en: {
    stream: 'streams: the target has no such type',
    function: 'function libraries: the target has no functions',
    module: 'values of the module type[ {type}]: the target lacks the module',
    'large-module': 'values of modules that are too large to be restored at once',
    'cluster-command': 'commands[ {type}]: a cluster cannot do them',
    'field-expiry': 'hashes with fields that expire: the target expires only whole keys',
    'stream-counters': 'streams: how many entries were ever added, deleted and read',
    'consumer-times': 'streams: when their consumers were last active',
    access: 'keys: when or how often they were last used',
    'expiry-milliseconds': 'keys: the milliseconds of their expiry, rounded up to seconds',
    'module-data': 'pieces of data that modules keep beside keys',
  },
  zh: {
    stream: '个 stream：目标端没有该类型',
    function: '个函数库：目标端不支持函数',
    module: '个模块类型[ {type} ]的值：目标端没有该模块',
    'large-module': '个模块的值：过大，无法一次恢复',
    'cluster-command': '条命令[ {type}]：集群无法执行',
    'field-expiry': '个含有过期字段的哈希：目标端只能让整个键过期',
    'stream-counters': '个 stream：累计添加、删除与读取的条目数',
    'consumer-times': '个 stream：消费者最近活跃的时间',
    access: '个键：最近使用的时间或频率',
    'expiry-milliseconds': '个键：过期时间的毫秒部分，向上取整到秒',
    'module-data': '段由模块保存在键之外的数据',
  },
  ko: {
    stream: '개 스트림: 타깃에 이 타입이 없습니다',
    function: '개 함수 라이브러리: 타깃이 함수를 지원하지 않습니다',
    module: '개 모듈 타입[ {type}] 값: 타깃에 이 모듈이 없습니다',
    'large-module': '개 모듈 값: 한 번에 복원하기에 너무 큽니다',
    'cluster-command': '개 명령[ {type}]: 클러스터가 실행할 수 없습니다',
    'field-expiry': '개 만료되는 필드가 있는 해시: 타깃은 키 전체만 만료시킵니다',
    'stream-counters': '개 스트림: 지금까지 추가·삭제·읽은 항목 수',
    'consumer-times': '개 스트림: 컨슈머가 마지막으로 활동한 시각',
    access: '개 키: 마지막 사용 시각이나 빈도',
    'expiry-milliseconds': '개 키: 만료 시각의 밀리초, 초 단위로 올림',
    'module-data': '개 모듈이 키 밖에 보관하는 데이터',
  },
}

/** Says in a person's language what a count of things is and why they are lost; the count goes in front. */
export function sayLoss({ what, type }: Pick<Loss, 'what' | 'type'>, locale: Locale): string {
  return fillTemplate(words[locale][what], type === undefined ? {} : { type }, languages[locale])
}
