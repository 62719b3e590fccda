import { setTimeout as sleep } from 'node:timers/promises'
import { makeFailure, type Failure } from '#contract/failure.ts'
import { redirectionOf, type Redirection } from '../redis/reply-errors.ts'
import { CommandParser } from '../resp/command-parser.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Block, Refusal } from './block.ts'

/** The cluster as redirections are followed in it. Nodes go by their numbers. */
export interface Routes {
  /** For failures. */
  readonly address: string
  /** The node that is meant where `from` says this address; null where it is none of those written to. */
  nodeAt(address: string, from: number): number | null
  /** The slot belongs to this node from now on. */
  moved(slot: number, to: number): void
  exchange(node: number, bytes: Uint8Array, replies: number): Promise<readonly Reply[]>
  abandon(failure: Failure): void
}

interface Pending {
  readonly command: number
  readonly to: Redirection
  /** Who said so. */
  readonly from: number
}

/**
 * While a slot goes from one owner to the next, each may send us to the other for a moment. So often is it asked
 * anew; with the pauses between, that is four seconds.
 */
const turnsAllowed = 24
const longestPauseMs = 200

const asking = encodeCommand(['ASKING'])

/**
 * Sends the commands of a block that `from` redirected (MOVED, ASK) to where they belong: just those, since all others
 * have been done. What their owners refuse stands in the block's refusals afterwards. Null where nothing was
 * redirected. Resolves also when the cluster is given up: nobody waits for the block then.
 */
export function followRedirections(block: Block, from: number, routes: Routes): Promise<void> | null {
  const pending: Pending[] = []
  const others: Refusal[] = []
  for (const refusal of block.refusals) {
    const to = redirectionOf(refusal.text)
    if (to === null) others.push(refusal)
    else pending.push({ command: refusal.command, to, from })
  }
  if (pending.length === 0) return null
  block.refusals = others
  return follow(block, pending, routes)
    .then(() => void block.refusals.sort((a, b) => a.command - b.command))
    .catch((thrown: unknown) => {
      // A lost link has been told by its node.
      routes.abandon(makeFailure('connect.lost', { address: routes.address }, String(thrown)))
    })
}

async function follow(block: Block, first: readonly Pending[], routes: Routes): Promise<void> {
  const commands = [...new CommandParser(0).push(Buffer.from(block.bytes))].map(({ raw }) => raw)
  let pending = first
  for (let turn = 0; pending.length > 0; turn += 1) {
    if (turn === turnsAllowed) {
      routes.abandon(makeFailure('target.slot-moving', { address: routes.address }))
      return
    }
    if (turn > 0) await sleep(Math.min(longestPauseMs, 5 * 2 ** turn))
    const byNode = new Map<number, Pending[]>()
    for (const one of pending) {
      const node = routes.nodeAt(one.to.address, one.from)
      if (node === null) {
        routes.abandon(makeFailure('target.cluster-changed', { address: routes.address }))
        return
      }
      const some = byNode.get(node)
      if (some === undefined) byNode.set(node, [one])
      else some.push(one)
    }
    const sent = [...byNode].map(([node, some]) => sendTo(node, some, commands, block, routes))
    pending = (await Promise.all(sent)).flat()
  }
}

/** Resolves with what this node redirects in its turn. */
async function sendTo(
  node: number,
  sent: readonly Pending[],
  commands: readonly Buffer[],
  block: Block,
  routes: Routes,
): Promise<readonly Pending[]> {
  for (const { to } of sent) if (!to.asking) routes.moved(to.slot, node)
  const parts = sent.flatMap(({ command, to }) =>
    to.asking ? [asking, commands[command]!] : [commands[command]!],
  )
  const replies = await routes.exchange(node, Buffer.concat(parts), parts.length)
  const again: Pending[] = []
  let at = 0
  for (const { command, to } of sent) {
    if (to.asking) at += 1
    const reply = replies[at]
    at += 1
    if (!(reply instanceof ReplyError)) continue
    const next = redirectionOf(reply.text)
    if (next === null) block.refusals.push({ command, text: reply.text })
    else again.push({ command, to: next, from: node })
  }
  return again
}
