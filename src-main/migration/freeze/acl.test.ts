import { expect, test } from 'vitest'
import { isOff, onlyOpensWith, restoreUser, rulesOf, switchOffUser, userOf } from './acl.ts'
import { whatIsLeft } from './unfreeze.ts'
import { breachOf } from './watch.ts'
import type { FreezeRecord, NodeRecord } from './record.ts'

const text = (command: readonly unknown[]): string =>
  command.map((part) => (Buffer.isBuffer(part) ? part.toString('latin1') : String(part))).join(' ')

/** sha256 of `secret`. */
const hash = '#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b'

test('a selector is one rule, however many words it has', () => {
  const line =
    'user reader on nopass ~* resetchannels +@read (+set ~scratch:* resetchannels -@all) (~tmp:* +get)'
  expect(userOf(line)).toBe('reader')
  expect(rulesOf(line)).toEqual([
    'on',
    'nopass',
    '~*',
    'resetchannels',
    '+@read',
    '(+set ~scratch:* resetchannels -@all)',
    '(~tmp:* +get)',
  ])
})

test('a user is put back without reset, by what its version knows', () => {
  const line = `user app on ${hash} ~app:* &* +@all -@dangerous`
  expect(text(restoreUser(line, '7.0.15'))).toBe(
    `ACL SETUSER app resetpass resetkeys resetchannels clearselectors -@all on ${hash} ~app:* &* +@all -@dangerous`,
  )
  expect(text(restoreUser(line, '6.0.20'))).toBe(
    `ACL SETUSER app resetpass resetkeys -@all on ${hash} ~app:* &* +@all -@dangerous`,
  )
  expect(text(switchOffUser(line, '6.2.1'))).toBe('ACL SETUSER app off -@write')
  expect(text(switchOffUser(line, '8.0.0'))).toBe('ACL SETUSER app off -@write clearselectors')
})

test('bytes that are no text come through as they are', () => {
  const pattern = restoreUser('user x off ~\xff\x80* -@all', '7.0.0').at(-2)
  expect(pattern).toEqual(Buffer.from([0x7e, 0xff, 0x80, 0x2a]))
})

test('a user is ours alone when the secret is its only way in', () => {
  expect(onlyOpensWith(`user default on ${hash} ~* +@all`, 'secret')).toBe(true)
  expect(onlyOpensWith(`user default on ${hash} #${'0'.repeat(64)} ~* +@all`, 'secret')).toBe(false)
  expect(onlyOpensWith(`user default on nopass ${hash} ~* +@all`, 'secret')).toBe(false)
  expect(isOff('user x off ~* +@all')).toBe(true)
})

const before = ['user app on nopass ~* +@all', `user default on #${'1'.repeat(64)} ~* +@all`]
const frozen = ['user app off nopass ~* +@all -@write', `user default on ${hash} ~* +@all`]
const node: NodeRecord = {
  host: 'h',
  port: 1,
  role: 'master',
  version: '7.0.15',
  runId: 'r',
  requirepass: 'old',
  masterauth: 'theirs',
  masteruser: '',
  acl: before,
  aclFrozen: frozen,
  offset: 1,
}
const record: FreezeRecord = {
  connection: { host: 'h', port: 1 },
  secret: 'secret',
  ownUser: 'kf-t',
  nodes: [node],
  sentinels: [],
  sentinelPass: '',
  staying: [],
  frozenAt: 1,
  signedOut: 0,
  pauseStartedAt: 1,
}

test('what is left to undo: all, some, nothing', () => {
  const now = { requirepass: 'secret', masterauth: 'secret', acl: frozen }
  const all = whatIsLeft(now, node, record)
  expect(all.commands.map(text).map((one) => one.split(' ').slice(0, 3).join(' '))).toEqual([
    'CONFIG SET requirepass',
    'CONFIG SET masterauth',
    'ACL SETUSER app',
    'ACL SETUSER default',
  ])
  expect(all.changedMeanwhile).toEqual([])
  const some = { requirepass: 'old', masterauth: 'theirs', acl: [frozen[0]!, before[1]!] }
  expect(whatIsLeft(some, node, record).commands).toHaveLength(1)
  expect(whatIsLeft({ ...some, acl: before }, node, record)).toEqual({ commands: [], changedMeanwhile: [] })
})

test('what somebody else changed is told and not touched', () => {
  const elses = ['user app off nopass ~* +@all -@write -get', frozen[1]!]
  const left = whatIsLeft({ requirepass: 'theirs', masterauth: 'other', acl: elses }, node, record)
  expect(left.changedMeanwhile).toEqual(['requirepass', 'masterauth', 'app'])
  expect(left.commands.map(text).join()).not.toContain('app')
  // Where we died before reading back, a user that is off counts as switched off by us.
  const unknown = { ...node, aclFrozen: null }
  const now = { requirepass: 'secret', masterauth: 'theirs', acl: elses }
  expect(whatIsLeft(now, unknown, record).changedMeanwhile).toEqual([])
})

test('every breach has its name', () => {
  const now = { runId: 'r', role: 'master' as const, slots: null, requirepass: 'secret', acl: frozen }
  expect(breachOf(now, node, record)).toBeNull()
  expect(breachOf({ ...now, runId: 'another' }, node, record)).toBe('restarted')
  expect(breachOf({ ...now, role: 'replica' }, node, record)).toBe('role-changed')
  expect(breachOf({ ...now, slots: '1-2' }, { ...node, slots: '1-3' }, record)).toBe('slots-moved')
  expect(breachOf({ ...now, slots: '1-2' }, node, record)).toBeNull()
  expect(breachOf({ ...now, requirepass: 'old' }, node, record)).toBe('password-changed')
  expect(breachOf({ ...now, acl: before }, node, record)).toBe('acl-changed')
})
