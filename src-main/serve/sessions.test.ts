import { expect, test } from 'vitest'
import { createSessions, usualLimits, type Exchange } from './sessions.ts'

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
  const sessions = createSessions(usualLimits, () => now)
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

test('a session ends when its browser has asked for nothing for long, and at last in any case', () => {
  let now = 0
  const sessions = createSessions({ idleMs: 100, longestMs: 250 }, () => now)
  const idle = sessionIn(sessions.exchange(sessions.invite()))
  const used = sessionIn(sessions.exchange(sessions.invite()))
  now = 90
  sessions.use(used)
  now = 100
  expect([idle, used].map((session) => sessions.isKnown(session))).toEqual([false, true])
  // What has ended does not come back by being used.
  sessions.use(idle)
  expect(sessions.isKnown(idle)).toBe(false)
  now = 180
  sessions.use(used)
  now = 249
  expect(sessions.isKnown(used)).toBe(true)
  now = 250
  expect(sessions.isKnown(used)).toBe(false)
})

test('signing out ends one session, or all and the open invitations with them, and tells so', () => {
  const sessions = createSessions()
  let told = 0
  sessions.onEnd(() => (told += 1))
  const [one, other, third] = [0, 1, 2].map(() => sessionIn(sessions.exchange(sessions.invite())))
  sessions.end(one!)
  expect([one, other, third].map((session) => sessions.isKnown(session))).toEqual([false, true, true])

  const open = sessions.invite()
  sessions.endAll()
  expect([other, third].map((session) => sessions.isKnown(session))).toEqual([false, false])
  expect(sessions.exchange(open)).toBe('wrong')
  expect(sessions.isKnown(sessionIn(sessions.exchange(sessions.invite())))).toBe(true)
  expect(told).toBe(2)
})
