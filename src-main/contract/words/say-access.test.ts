import { describe, expect, test } from 'vitest'
import { accessKinds } from '../connection.ts'
import { makeFailure } from '../failure.ts'
import { languages, sayFailure, type Locale } from './say-failure.ts'
import { sayFinding } from './say-finding.ts'

const locales = Object.keys(languages) as readonly Locale[]

describe.each(locales)('advice in %s', (locale) => {
  const todo = (code: Parameters<typeof makeFailure>[0], access?: string): string =>
    sayFailure(makeFailure(code, access === undefined ? {} : { access }), locale).todo

  test.each(accessKinds)('what cannot be reached: by the kind of access, %s', (access) => {
    for (const code of [
      'connect.timeout',
      'connect.refused',
      'connect.unreachable',
      'connect.lost',
    ] as const) {
      const plain = todo(code)
      expect(todo(code, access).startsWith(plain)).toBe(true)
      expect(todo(code, access).length).toBeGreaterThan(plain.length + 20)
    }
    const others = accessKinds.filter((kind) => kind !== access)
    expect(others.map((kind) => todo('connect.timeout', kind))).not.toContain(todo('connect.timeout', access))
  })

  test('an account that is refused, and a stream: of a managed instance alone', () => {
    for (const code of ['auth.wrong-password', 'source.no-stream'] as const) {
      expect(todo(code, 'managed')).not.toBe(todo(code))
      expect(todo(code, 'vm')).toBe(todo(code))
    }
    const mend = (access?: string): string =>
      sayFinding({ finding: 'psync-refused', params: access === undefined ? {} : { access } }, locale).mend
    expect(mend('managed').startsWith(mend())).toBe(true)
    expect(mend('managed')).not.toBe(mend())
    expect(mend('vpn')).toBe(mend())
  })

  test('what has nothing to do with the network has no advice, and a kind that is not known neither', () => {
    expect(todo('target.out-of-memory', 'vm')).toBe(todo('target.out-of-memory'))
    expect(todo('connect.timeout', 'toString')).toBe(todo('connect.timeout'))
  })
})
