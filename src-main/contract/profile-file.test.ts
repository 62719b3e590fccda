import { describe, expect, test } from 'vitest'
import { FailureError } from './failure.ts'
import { freeName, readProfileFile, writeProfileFile } from './profile-file.ts'
import { defaultProfileOptions, profileInputSchema, type ProfileView } from './profile.ts'

const profile: ProfileView = {
  id: 'p1',
  name: 'shop to new host',
  source: {
    host: '10.0.0.4',
    port: 6379,
    username: 'app',
    tls: { ca: '/etc/ca.pem', verify: true },
    via: {
      kind: 'ssh',
      hops: [{ host: 'jump', port: 22, username: 'ops', agent: true }],
      acceptedKeys: [`SHA256:${'a'.repeat(43)}`],
    },
    sentinel: null,
    passwordKept: 'stored',
    secretsKept: {},
  },
  target: null,
  options: { ...defaultProfileOptions, lanes: 7 },
  createdAt: 1,
  updatedAt: 2,
  commandConsent: null,
  openTasks: 0,
}

function codeOf(text: string): string {
  try {
    readProfileFile(text, 'x.keyferry')
  } catch (thrown) {
    if (thrown instanceof FailureError) return thrown.failure.code
    throw thrown
  }
  return 'read'
}

describe('a profile as a file', () => {
  test('comes back as it was, with its password to be asked for', () => {
    const read = readProfileFile(writeProfileFile(profile).text, 'x.keyferry')
    const { passwordKept: _kept, secretsKept: _secrets, sentinel: _none, ...source } = profile.source!

    expect(read).toEqual({
      name: profile.name,
      // Whom to trust is not taken over from a file.
      source: { ...source, via: { ...source.via, acceptedKeys: [] }, ask: true },
      target: null,
      options: profile.options,
    })
    expect(profileInputSchema.safeParse(read).success).toBe(true)
  })

  test('is told from everything else, and from what a later Keyferry wrote', () => {
    const file = JSON.parse(writeProfileFile(profile).text) as Record<string, unknown>

    expect(codeOf('REDIS0011')).toBe('profile.not-a-file')
    expect(codeOf('{"format":"other"}')).toBe('profile.not-a-file')
    expect(codeOf(JSON.stringify({ ...file, formatVersion: 2, more: true }))).toBe('profile.file-newer')
    expect(codeOf(JSON.stringify({ ...file, source: { host: 7 } }))).toBe('profile.not-a-file')
    expect(codeOf(JSON.stringify({ ...file, surprise: true }))).toBe('profile.not-a-file')
  })
})

test('a name that is taken gets a number', () => {
  expect(freeName('a', new Set())).toBe('a')
  expect(freeName('a', new Set(['a', 'a (2)']))).toBe('a (3)')
})
