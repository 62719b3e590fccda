import { expect, test } from 'vitest'
import { sayEvent } from './say-event.ts'

test('what happened to one of several sources names it', () => {
  const params = { offset: 7 }
  const said = sayEvent({ code: 'source.partial-resync', params }, 'en')
  const ofOne = sayEvent(
    { code: 'source.partial-resync', params: { source: '10.0.0.4:6379', ...params } },
    'en',
  )
  expect(ofOne).toBe(`10.0.0.4:6379: ${said}`)
})

test('why something did not come about is said in words, and what somebody changed', () => {
  const refused = { code: 'source.slot-moving', address: '10.0.0.4:6379' }
  expect(sayEvent({ code: 'way-back.not-opened', params: refused }, 'en')).toMatch(
    /^The way back could not be opened: A slot of the server 10\.0\.0\.4:6379 is being moved.*\. The migration/,
  )
  for (const code of ['schedule.missed', 'move.ended', 'way-back.not-opened'] as const)
    for (const locale of ['en', 'zh', 'ko'] as const)
      expect(sayEvent({ code, params: { ...refused, deleted: 3 } }, locale)).not.toContain('source.slot')
  expect(sayEvent({ code: 'move.ended', params: { code: 'of-a-later-version' } }, 'en')).toContain(
    ': of-a-later-version. The others',
  )
  const changed = (what: string): string =>
    sayEvent({ code: 'freeze.changed-meanwhile', params: { what } }, 'en')
  expect(changed('requirepass')).toContain('changed the password (requirepass) while')
  expect(changed('10.0.0.4:6379 app')).toContain('changed the user “app” (10.0.0.4:6379) while')
  expect(sayEvent({ code: 'target.lock-changed', params: { what: 'app' } }, 'ko')).toContain('사용자 ‘app’')
})

test('what is called by a name of ours is said in words', () => {
  const set = { side: 'source', server: '10.0.0.4:6379', name: 'save', now: '', before: '60 1' }
  expect(sayEvent({ code: 'settings.changed', params: set }, 'en')).toBe(
    'Set save of the source 10.0.0.4:6379 to “” (it was “60 1”).',
  )
  expect(sayEvent({ code: 'settings.changed', params: set }, 'zh')).toContain(
    '已将源端 10.0.0.4:6379 的 save',
  )
  const moved = { from: 'copying', to: 'following' }
  expect(sayEvent({ code: 'task.state', params: moved }, 'ko')).toBe(
    '‘전체 복사’에서 ‘따라잡는 중’ 상태로 바뀌었습니다.',
  )
  const unknown = { check: 'of-a-later-version' }
  expect(sayEvent({ code: 'checks.accepted', params: unknown }, 'en')).toContain('“of-a-later-version”')
})

test('numbers have the grouping of the language, and spans of time a unit that a person reads', () => {
  const frozen = { offset: 17_527_644, clients: 1_204 }
  expect(sayEvent({ code: 'freeze.done', params: frozen }, 'en')).toBe(
    'Writes are frozen at offset 17,527,644; connections signed out: 1,204.',
  )
  const pause = { ms: 58_832 }
  expect(sayEvent({ code: 'pause.ended', params: pause }, 'en')).toBe('The write pause took 58.8 sec.')
  expect(sayEvent({ code: 'pause.ended', params: pause }, 'zh')).toBe('写入暂停了 58.8 秒。')
  expect(sayEvent({ code: 'pause.ended', params: pause }, 'ko')).toBe('쓰기가 58.8초 동안 멈췄습니다.')
})
