import type { ServerFacts } from '#contract/connection.ts'
import { slotCount } from '#engine/redis/topology.ts'
import { failed, onAll, passed, sumOf, warning, worstOf, type Finding } from './context.ts'

/** Copies are laid out afresh and fragment while they grow: half as much again is what we ask for. */
const headroom = 1.5
/** What is advised stays enough for a while. */
const growth = 1.1

/** Is there room for all of it; in a cluster at each master, for what its share of the slots brings there? */
export const targetMemory = onAll(
  'target-memory',
  'target',
  async (sources, { facts: target }, { resuming, targets }) => {
    const isTold = sources.every(({ facts }) => facts.usedMemory !== null)
    const used = isTold ? sumOf(sources, ({ facts }) => facts.usedMemory) : null
    const masters = (await targets).flatMap(({ reached }) => ('control' in reached ? [reached.facts] : []))
    if (target.mode !== 'cluster' || masters.length < 2) return roomFor(used, target, resuming)
    return worstOf(
      masters.map((master) => ({
        address: master.address,
        ...roomFor(used === null ? null : Math.ceil(used * shareOf(master)), master, resuming),
      })),
    )
  },
)

/** Of the slots; all of them where the node does not tell which are its own. */
function shareOf({ address, cluster }: ServerFacts): number {
  const slots = cluster?.nodes.find((node) => node.address === address)?.slots
  return slots === undefined ? 1 : slots / slotCount
}

function wholeMebibytes(bytes: number): number {
  const mebibyte = 1024 ** 2
  return Math.ceil(bytes / mebibyte) * mebibyte
}

function roomFor(
  used: number | null,
  { maxMemory, usedMemory }: Pick<ServerFacts, 'maxMemory' | 'usedMemory'>,
  resuming: boolean,
): Finding {
  if (maxMemory === 0) return passed('memory-unlimited', { used: used ?? 0 })
  if (used === null || maxMemory === null || usedMemory === null) return warning('memory-unknown')
  const free = maxMemory - (resuming ? 0 : usedMemory)
  const needed = Math.ceil(used * headroom)
  const params = { needed, free, used, limit: maxMemory }
  if (free >= needed) return passed('memory-enough', params)
  // The source goes on growing while somebody types it.
  const command = `CONFIG SET maxmemory ${wholeMebibytes(usedMemory + needed * growth)}`
  return free >= used ? warning('memory-short', params, command) : failed('memory-short', params, command)
}
