import type { DumpedValue, Found, Read } from '../plan/across-slots.ts'
import { keySlot } from '../bytes/crc16.ts'
import type { Reply } from '../resp/decode.ts'
import type { LiveNodes } from './live-nodes.ts'

const triesForClock = 8

/** What a key of some slot holds now. Nobody may write to it meanwhile. Rejects as `LiveNodes.ask` does. */
export async function readInSlot(nodes: LiveNodes, read: Read): Promise<Found> {
  const { key } = read
  const slot = keySlot(key)
  if (read.kind === 'value') return await readValue(nodes, slot, key)
  if (read.kind === 'member') {
    const [isMember] = await nodes.ask(slot, [['SISMEMBER', key, read.member]])
    return isMember === 1 ? read.member : null
  }
  const [element] = await nodes.ask(slot, [['LINDEX', key, read.index]])
  return Buffer.isBuffer(element) ? element : null
}

async function readValue(nodes: LiveNodes, slot: number, key: Buffer): Promise<DumpedValue | null> {
  const [payload] = await nodes.ask(slot, [['DUMP', key]])
  if (!Buffer.isBuffer(payload)) return null
  for (let turn = 1; ; turn += 1) {
    const [before, left, after] = await nodes.ask(slot, [['TIME'], ['PTTL', key], ['TIME']])
    if (Number(left) < 0) return { payload, expiresAt: null }
    // Within one millisecond, what is left and the clock together tell the time itself.
    const now = clockOf(before)
    if (now === clockOf(after) || turn === triesForClock) return { payload, expiresAt: now + Number(left) }
  }
}

function clockOf(reply: Reply | undefined): number {
  const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : []
  return (seconds ?? 0) * 1000 + Math.floor((microseconds ?? 0) / 1000)
}
