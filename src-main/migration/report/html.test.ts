import { describe, expect, test } from 'vitest'
import { detail } from '#contract/difference.ts'
import type { MigrationReport } from '#contract/report.ts'
import { defaultProfileOptions } from '#contract/profile.ts'
import { names } from '#contract/words/say-name.ts'
import { drawChart } from './chart.ts'
import { renderReport } from './html.ts'

const side = {
  host: '10.0.0.4',
  port: 6379,
  username: null,
  tls: null,
  via: null,
  sentinel: null,
  passwordKept: 'stored',
  secretsKept: {},
} as const
const evil = '<img src=x onerror=alert(1)>'

const report: MigrationReport = {
  format: 'keyferry-migration-report',
  formatVersion: 1,
  madeAt: 1_000_000,
  keyferry: '1.0.0',
  madeOn: { host: 'ops', user: 'op' },
  task: {
    id: 't',
    scanKeysPerSecond: 20_000,
    profileId: 'p',
    name: evil,
    from: '10.0.0.4:6379',
    to: '10.0.0.5:6379',
    checkedAt: null,
    schedule: null,
    moving: false,
    mode: 'stream',
    wayBack: null,
    wayBackOf: null,
    commandConsent: null,
    command: null,
    concluding: false,
    ending: null,
    source: side,
    target: { ...side, host: '10.0.0.5' },
    options: defaultProfileOptions,
    state: 'failed',
    stateSince: 900_000,
    createdAt: 0,
    startedAt: 100_000,
    endedAt: null,
    checks: null,
    progress: null,
    inStep: false,
    inStepSince: null,
    settings: [],
    freeze: {
      state: 'none',
      byHand: false,
      frozenAt: null,
      offset: null,
      shards: [],
      signedOut: 0,
      foreignClients: null,
      opsPerSecond: null,
      writesPerSecond: null,
      refusedWrites: null,
      breach: null,
      breachAt: null,
      changedMeanwhile: [],
    },
    writePause: { startedAt: 500_000, endedAt: 500_750, endedBy: 'unfrozen' },
    proof: {
      mode: 'full',
      running: false,
      startedAt: 0,
      endedAt: 1,
      progress: null,
      failure: null,
      underFreeze: true,
      void: false,
      result: {
        mode: 'full',
        equal: false,
        counts: [{ db: 0, source: 2, target: 1 }],
        sourceKeys: 2,
        targetKeys: 1,
        compared: 2,
        differing: 1,
        byKind: { missing: 1 },
        differences: [{ db: 0, key: evil, kind: 'missing', detail: detail('member', { name: evil }) }],
        functions: 'left-out',
        explained: { expired: 0, filtered: 0, lost: 0 },
        repaired: null,
        slotsCovered: null,
        rounds: 0,
        elapsedMs: 5,
      },
    },
    finishNeedsConsent: 'differences',
    failure: { code: 'connect.refused', params: { address: '10.0.0.5:6379' }, retryable: true },
  },
  events: [{ id: 1, at: 100_000, level: 'info', code: 'copy.done', params: { keys: 2 } }],
  samples: [sample(100_000, 10), sample(500_000, null), sample(900_000, 30)],
}

function sample(at: number, lagMs: number | null): MigrationReport['samples'][number] {
  return {
    at,
    keysPerSecond: 1,
    bytesPerSecond: 1,
    writesPerSecond: 1,
    lagBytes: 0,
    lagMs,
    sourceKeys: 2,
    targetKeys: 1,
    sourceOps: null,
  }
}

describe.each(['en', 'zh', 'ko'] as const)('a report in %s', (locale) => {
  const page = renderReport(report, locale)

  test('shows what looks like markup as the text it is', () => {
    expect(page).not.toContain('<img')
    expect(page.split('&lt;img src=x onerror=alert(1)&gt;').length - 1).toBeGreaterThanOrEqual(4)
  })

  test('needs nothing but itself, and says how it ended and why', () => {
    expect(page).not.toMatch(/<script|https?:\/\/|url\(/)
    expect(page).toContain('connect.refused')
    expect(page).toMatch(/750\s*(ms|毫秒)/)
    expect(page).not.toMatch(/undefined|NaN|\{\w+\}/)
  })

  test('says that functions were not compared, and why', () => {
    expect(page).toContain(names[locale]['functions.left-out'])
  })

  test('calls nothing by a name that only programs use', () => {
    expect(page).not.toMatch(/copyConnections|afterFinish|leave-frozen|>(true|false|missing)</)
  })
})

test('a chart lifts the pen where nothing is known, and marks a span of time', () => {
  const drawing = drawChart({
    title: 'lag',
    lines: [{ label: 'lag', points: report.samples.map(({ at, lagMs }) => ({ at, value: lagMs })) }],
    spans: [{ from: 400_000, to: 600_000, label: 'pause' }],
    value: String,
    moment: String,
  })

  expect(/ d="(M[^"]*)"/.exec(drawing)?.[1]?.match(/M/g)).toHaveLength(2)
  expect(drawing).toContain('<title>pause</title>')
  expect(drawing).toContain('>50</text>')
})
