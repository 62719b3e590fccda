import type { DetailCode, DifferenceDetail } from '../difference.ts'
import { languages, type Locale } from './say-failure.ts'
import { fillTemplate } from './template.ts'

/** What differs, as templates (`template.ts`); where both sides are told the source stands first. */
type DetailWords = Readonly<Record<DetailCode, string>>

const words: Readonly<Record<Locale, DetailWords>> = {
  en: {
    'type-of': '{type}',
    types: '{source} / {target}',
    expiry: '{source} / {target}',
    content: 'content',
    'content-from': 'content from byte {at}',
    length: 'length {source} / {target}',
    element: 'element {at}',
    rank: 'rank {at}',
    member: 'member {name}',
    field: 'field {name}',
    'field-expiry': 'expiry of field {name}: {source} / {target}',
    entry: 'entry {at}',
    'stream-fact': '{name}[ {source} / {target}]',
    groups: 'groups[ {source} / {target}]',
    group: 'group {group}',
    'group-missing': 'group {group}: missing in the target',
    'group-extra': 'group {group}: only in the target',
    'group-fact': 'group {group}: {name} {source} / {target}',
    'consumer-missing': 'group {group}: consumer {name} missing in the target',
    consumers: 'group {group}: consumers {source} / {target}',
    'pending-missing': 'group {group}: pending {name} missing in the target',
    pending: 'group {group}: pending {name}',
    pendings: 'group {group}: pending {source} / {target}',
    changing: 'changed while it was read',
    servers: 'on {servers}',
  },
  zh: {
    'type-of': '{type}',
    types: '{source} / {target}',
    expiry: '{source} / {target}',
    content: '内容',
    'content-from': '内容，从第 {at} 字节起',
    length: '长度 {source} / {target}',
    element: '元素 {at}',
    rank: '排名 {at}',
    member: '成员 {name}',
    field: '字段 {name}',
    'field-expiry': '字段 {name} 的过期时间：{source} / {target}',
    entry: '条目 {at}',
    'stream-fact': '{name}[ {source} / {target}]',
    groups: '消费者组[ {source} / {target}]',
    group: '消费者组 {group}',
    'group-missing': '消费者组 {group}：目标端缺失',
    'group-extra': '消费者组 {group}：仅目标端有',
    'group-fact': '消费者组 {group}：{name} {source} / {target}',
    'consumer-missing': '消费者组 {group}：目标端缺少消费者 {name}',
    consumers: '消费者组 {group}：消费者 {source} / {target}',
    'pending-missing': '消费者组 {group}：目标端缺少待确认条目 {name}',
    pending: '消费者组 {group}：待确认条目 {name}',
    pendings: '消费者组 {group}：待确认条目 {source} / {target}',
    changing: '读取期间发生了变化',
    servers: '位于 {servers}',
  },
  ko: {
    'type-of': '{type}',
    types: '{source} / {target}',
    expiry: '{source} / {target}',
    content: '내용',
    'content-from': '내용, {at}바이트부터',
    length: '길이 {source} / {target}',
    element: '요소 {at}',
    rank: '순위 {at}',
    member: '멤버 {name}',
    field: '필드 {name}',
    'field-expiry': '필드 {name} 만료: {source} / {target}',
    entry: '항목 {at}',
    'stream-fact': '{name}[ {source} / {target}]',
    groups: '컨슈머 그룹[ {source} / {target}]',
    group: '그룹 {group}',
    'group-missing': '그룹 {group}: 타깃에 없음',
    'group-extra': '그룹 {group}: 타깃에만 있음',
    'group-fact': '그룹 {group}: {name} {source} / {target}',
    'consumer-missing': '그룹 {group}: 컨슈머 {name} 타깃에 없음',
    consumers: '그룹 {group}: 컨슈머 {source} / {target}',
    'pending-missing': '그룹 {group}: 대기 항목 {name} 타깃에 없음',
    pending: '그룹 {group}: 대기 항목 {name}',
    pendings: '그룹 {group}: 대기 항목 {source} / {target}',
    changing: '읽는 동안 바뀜',
    servers: '위치: {servers}',
  },
}

const never: Readonly<Record<Locale, string>> = { en: 'never', zh: '不过期', ko: '만료 없음' }
const sometime: Readonly<Record<Locale, string>> = { en: 'sometime', zh: '某个时间', ko: '언젠가' }

/** Says in a person's language what differs first in a key; nothing where the kind says it all. */
export function sayDifference(detail: DifferenceDetail | null, locale: Locale): string {
  if (detail === null) return ''
  const { code, params } = detail
  const isTime = code === 'expiry' || code === 'field-expiry'
  const said = isTime ? { ...params, ...timesOf(params, locale) } : params
  return fillTemplate(words[locale][code], said, languages[locale])
}

/** Both times as moments instead of milliseconds. */
function timesOf(
  { source, target }: DifferenceDetail['params'],
  locale: Locale,
): Readonly<Record<string, string>> {
  return { source: sayMoment(source, locale), target: sayMoment(target, locale) }
}

/** Further away than any calendar goes. */
const lastMoment = 8.64e15

function sayMoment(at: string | number | undefined, locale: Locale): string {
  if (typeof at !== 'number') return String(at ?? '')
  if (at < 0) return never[locale]
  return at > lastMoment ? sometime[locale] : new Date(at).toISOString()
}
