import { expect, test } from 'vitest'
import { makeFailure } from '#contract/failure.ts'
import { Misheard } from './misheard.ts'

const address = 'db:6379'
const notTls = makeFailure('tls.not-tls', { address })

test('what a spoilt greeting looks like is asked again, until it has been said five times in a row', () => {
  const misheard = new Misheard()
  const ask = (): boolean => misheard.mayBe(notTls)
  expect([ask(), ask(), ask(), ask(), ask(), ask()]).toEqual([true, true, true, true, false, false])
  misheard.forget()
  expect(ask()).toBe(true)
})

test('a password that is wrong is not misheard', () => {
  expect(new Misheard().mayBe(makeFailure('auth.wrong-password', { address }))).toBe(false)
})

test('silence is no answer, however often it is had', () => {
  const misheard = new Misheard()
  const silent = makeFailure('tls.silent', { address })
  expect(Array.from({ length: 9 }, () => misheard.mayBe(silent))).toEqual(new Array(9).fill(true))
})
