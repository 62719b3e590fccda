import { FailureError, isOfTheLink } from '#contract/failure.ts'
import type { Control } from '#engine/redis/control.ts'
import { onPairs, passed, warning, type Finding } from './context.ts'

const toleratedMs = 1_000

/** What a server's clock says, and within which of our own times it said so. All milliseconds since the epoch. */
export interface ClockLook {
  readonly told: number
  readonly askedAt: number
  readonly answeredAt: number
}

/** Do both clocks agree? An expiry is a moment in time, and each server judges it by its own clock. */
export const clocks = onPairs('clocks', 'both', async (source, target) => {
  const [one, other] = await Promise.all([lookAtClock(source.control), lookAtClock(target.control)])
  return one === null || other === null ? passed('clocks-unknown') : judgeClocks(one, other)
})

export function judgeClocks(source: ClockLook, target: ClockLook): Finding {
  const ahead = (look: ClockLook): number => look.told - (look.askedAt + look.answeredAt) / 2
  const doubt = (look: ClockLook): number => (look.answeredAt - look.askedAt) / 2
  const apart = Math.round(Math.abs(ahead(source) - ahead(target)))
  return apart > toleratedMs + doubt(source) + doubt(target)
    ? warning('clocks-apart', { ms: apart })
    : passed('clocks-agree', { ms: apart })
}

/** TIME (2.6 and later); null where it is refused. */
async function lookAtClock(control: Control): Promise<ClockLook | null> {
  try {
    const askedAt = Date.now()
    const reply = await control.call('TIME')
    const [seconds, micros] = Array.isArray(reply) ? reply.map(Number) : []
    const told = (seconds ?? Number.NaN) * 1000 + (micros ?? 0) / 1000
    return Number.isFinite(told) ? { told, askedAt, answeredAt: Date.now() } : null
  } catch (thrown) {
    if (thrown instanceof FailureError && !isOfTheLink(thrown.failure)) return null
    throw thrown
  }
}
