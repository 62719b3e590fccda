import { expect, test } from 'vitest'
import { createSessions, type Exchange } from './sessions.ts'

const sessionIn = (exchange: Exchange): string => {
  if (typeof exchange === 'string') throw new Error(`no session: ${exchange}`)
  return exchange.session
}

test('an invitation is good for one session', () => {
  const sessions = createSessions()
  const token = sessions.invite()
  const session = sessionIn(sessions.exchange(token))

  expect(sessions.isKnown(session)).toBe(true)
  expect(sessions.exchange(token)).toBe('wrong')
  expect(sessions.isKnown(session)).toBe(true)
})

test('neither the token nor anything made up is a session', () => {
  const sessions = createSessions()
  const token = sessions.invite()
  sessions.exchange(token)

  expect(sessions.isKnown(token)).toBe(false)
  expect(sessions.isKnown('')).toBe(false)
  expect(sessions.isKnown(undefined)).toBe(false)
})

test('each invitation signs in a browser of its own', () => {
  const sessions = createSessions()
  const [one, other] = [sessions.invite(), sessions.invite()]
  const first = sessionIn(sessions.exchange(other))
  const second = sessionIn(sessions.exchange(one))

  expect(first).not.toBe(second)
  expect([first, second].map((session) => sessions.isKnown(session))).toEqual([true, true])
})

test('guessing is stopped, for a right token too, until the window is over', () => {
  let now = 0
  const sessions = createSessions(() => now)
  const token = sessions.invite()
  for (let guess = 0; guess < 10; guess += 1) expect(sessions.exchange(`guess-${guess}`)).toBe('wrong')

  expect(sessions.exchange(token)).toBe('too-many')
  now += 60_000
  expect(sessionIn(sessions.exchange(token))).toHaveLength(43)
})

test('an invitation never used lapses when many more are asked for', () => {
  const sessions = createSessions()
  const token = sessions.invite()
  for (let more = 0; more < 8; more += 1) sessions.invite()

  expect(sessions.exchange(token)).toBe('wrong')
})
