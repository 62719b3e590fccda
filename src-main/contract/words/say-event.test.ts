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
