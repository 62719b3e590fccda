import type { FindingCode } from '#contract/finding.ts'
import type { CheckId } from '#contract/precheck.ts'
import { readSetting } from '#engine/redis/probe.ts'
import { atLeast } from '#engine/redis/version.ts'
import {
  backlog,
  eviction,
  groundsOf,
  outputBuffer,
  replTimeout,
  sourceIdle,
  targetIdle,
  valueSize,
  type WantedSetting,
} from '../wanted-settings.ts'
import { onSide, passed, settable, warning, type Check } from './context.ts'

/** Is a setting as a migration wants it, and will it be set otherwise? */
function settingCheck(
  id: CheckId,
  wanted: WantedSetting,
  findings: { readonly enough: FindingCode; readonly small: FindingCode; readonly willSet: FindingCode },
): Check {
  return onSide(id, wanted.side, async ({ control, facts, info }, { options, mode, resuming }) => {
    const { name } = wanted
    if ((wanted.mode ?? (await mode)) !== (await mode)) return passed('scan-needs-none')
    const value = await readSetting(control, name)
    if (value === null && wanted.since !== undefined && !atLeast(facts.version, ...wanted.since))
      return passed(findings.enough, { name, address: facts.address })
    if (value === null) return warning('setting-unreadable', { name, address: facts.address })
    const found = wanted.partOf(value)
    const during = wanted.during(found, groundsOf(info))
    const params = { name, found, address: facts.address }
    if (during === null) return passed(findings.enough, params)
    if (options.adjustSettings && !resuming) return passed(findings.willSet, { ...params, during })
    return settable(findings.small, { ...params, during }, { side: wanted.side, name, value: during })
  })
}

export const sourceBacklog = settingCheck('source-backlog', backlog, {
  enough: 'backlog-enough',
  small: 'backlog-small',
  willSet: 'backlog-will-raise',
})

export const sourceOutputBuffer = settingCheck('source-output-buffer', outputBuffer, {
  enough: 'buffer-enough',
  small: 'buffer-small',
  willSet: 'buffer-will-raise',
})

export const sourceTimeout = settingCheck('source-timeout', replTimeout, {
  enough: 'timeout-enough',
  small: 'timeout-short',
  willSet: 'timeout-will-raise',
})

export const targetEviction = settingCheck('target-eviction', eviction, {
  enough: 'eviction-off',
  small: 'eviction-on',
  willSet: 'eviction-will-set',
})

const idle = { enough: 'idle-enough', small: 'idle-short', willSet: 'idle-will-raise' } as const

export const sourceIdleTimeout = settingCheck('source-idle-timeout', sourceIdle, idle)

export const targetIdleTimeout = settingCheck('target-idle-timeout', targetIdle, idle)

export const targetValueSize = settingCheck('target-value-size', valueSize, {
  enough: 'value-size-enough',
  small: 'value-size-small',
  willSet: 'value-size-will-raise',
})
