import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { openControl } from '#engine/redis/control.ts'
import { infoNumber, parseInfo } from '#engine/redis/info.ts'

const everyMs = 1_000

/**
 * Tells once a second how many commands a second the source answers, by its own account, until `signal`
 * aborts; null while it cannot be asked. `connection` is asked for anew after every lost link.
 */
export async function sampleSource(
  connection: () => Promise<Connection>,
  signal: AbortSignal,
  onLoad: (opsPerSecond: number | null) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await using control = await openControl(await connection(), { signal, name: 'kf:load' })
      while (!signal.aborted) {
        const info = parseInfo(String(await control.call('INFO', 'stats')))
        onLoad(infoNumber(info, 'instantaneous_ops_per_sec'))
        await sleep(everyMs, undefined, { signal, ref: false })
      }
    } catch {
      // Figures for a plot: the sync itself tells when the source is away.
      onLoad(null)
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
}
