import { expect, test } from 'vitest'
import { makeFailure } from '#contract/failure.ts'
import type { CheckResult } from '#contract/precheck.ts'
import { checkLines } from './check-lines.ts'

const passed = {
  state: 'passed',
  finding: 'waits-for-connection',
  params: {},
  failure: null,
  acceptedAt: null,
} as unknown as CheckResult

test('tells what failed first, and of all that could not be asked in one line', () => {
  const refused = makeFailure('connect.refused', { address: 'db:6379' })
  const lines = checkLines([
    { ...passed, id: 'source-role', state: 'skipped' },
    { ...passed, id: 'source-reachable', state: 'failed', failure: refused },
    { ...passed, id: 'source-version', state: 'skipped' },
    { ...passed, id: 'target-role' },
  ])
  expect(lines[0]).toContain('Nobody listens at db:6379')
  expect(lines.at(-1)).toBe('Skipped until the server can be reached: source-role, source-version')
  expect(lines.join('\n')).not.toContain('target-role')
})

test('breaks sentences for a narrow terminal, and no command that is there to be copied', () => {
  const command = 'redis-cli -h 10.0.0.5 CONFIG SET maxmemory-policy noeviction'
  const warned = {
    ...passed,
    id: 'target-eviction',
    state: 'warning',
    finding: 'eviction-on',
    command,
  } as CheckResult
  const lines = checkLines([warned], { columns: 40 })
  expect(lines).toContain(`  ${command}`)
  for (const line of lines.slice(1).join('\n').split('\n'))
    if (line !== `  ${command}`) expect(line.length).toBeLessThanOrEqual(40)
})
