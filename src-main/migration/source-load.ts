import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { infoNumber, parseInfo } from '#engine/redis/info.ts'
import { sourceNodes } from './source-nodes.ts'

const everyMs = 1_000

/**
 * Tells once a second how many commands a second the sources answer together, by their own account, until `signal`
 * aborts; null while one cannot be asked. `connections` are asked for anew after every lost link.
 */
export async function sampleSource(
  connections: () => Promise<readonly Connection[]>,
  signal: AbortSignal,
  onLoad: (opsPerSecond: number | null) => void,
): Promise<void> {
  while (!signal.aborted) {
    const controls: Control[] = []
    try {
      for (const node of await sourceNodes(await connections(), signal))
        controls.push(await openControl(node, { signal, name: 'kf:load' }))
      while (!signal.aborted) {
        const loads = await Promise.all(controls.map(loadOf))
        onLoad(loads.includes(null) ? null : loads.reduce<number>((sum, load) => sum + load!, 0))
        await sleep(everyMs, undefined, { signal, ref: false })
      }
    } catch {
      // Figures for a plot: the sync itself tells when the source is away.
      onLoad(null)
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
    } finally {
      for (const control of controls) control.close()
    }
  }
}

async function loadOf(control: Control): Promise<number | null> {
  const info = parseInfo(String(await control.call('INFO', 'stats')))
  return infoNumber(info, 'instantaneous_ops_per_sec')
}
