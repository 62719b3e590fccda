import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '#contract/failure.ts'
import { parseClientList } from '../redis/client-list.ts'
import type { Link } from '../resp/link.ts'

/** What is known of a run of ours that has ended without a word. */
export interface DeadRun {
  /** Its connections are named `<name>:<number>`. */
  readonly name: string
  /** `Destination.servers` as it was. */
  readonly servers: Readonly<Record<string, string>>
}

const turns = 100

/**
 * Ends what a server still holds of a run's connections, and sees them gone: what they carry must not be applied
 * after what is written now. Where CLIENT is not allowed, or not known, that is hoped for.
 */
export async function endConnectionsOf(link: Link, name: string): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    const listed = await link.call(['CLIENT', 'LIST'])
    if (!Buffer.isBuffer(listed)) return
    const left = parseClientList(listed.toString()).filter((client) => client.name.startsWith(`${name}:`))
    if (left.length === 0) return
    // By address alone before 2.8.12.
    for (const { id, address } of left)
      await link.call(id === '' ? ['CLIENT', 'KILL', address] : ['CLIENT', 'KILL', 'ID', id])
    if (turn > 2) await sleep(20)
  }
  fail('target.gave-up', { address: link.address })
}
