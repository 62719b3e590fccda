import type { CheckId, FindingCode } from '#contract/precheck.ts'
import { readSetting } from '#engine/redis/probe.ts'
import { backlog, eviction, outputBuffer, replTimeout, type WantedSetting } from '../wanted-settings.ts'
import { onSide, passed, warning, type Check } from './context.ts'

/** Is a setting as a migration wants it, and will it be set otherwise? */
function settingCheck(
  id: CheckId,
  wanted: WantedSetting,
  findings: { readonly enough: FindingCode; readonly small: FindingCode; readonly willSet: FindingCode },
): Check {
  return onSide(id, wanted.side, async ({ control, facts }, { options, resuming }) => {
    const { name } = wanted
    const value = await readSetting(control, name)
    if (value === null) return warning('setting-unreadable', { name, address: facts.address })
    const found = wanted.partOf(value)
    const during = wanted.during(found, facts)
    const params = { name, found, address: facts.address }
    if (during === null) return passed(findings.enough, params)
    if (options.adjustSettings && !resuming) return passed(findings.willSet, { ...params, during })
    return warning(findings.small, { ...params, during }, `CONFIG SET ${name} "${during}"`)
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
