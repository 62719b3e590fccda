import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { isOfTheLink, toFailure } from '#contract/failure.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import { freezeWrites } from './freeze/freeze.ts'
import type { KeptFreeze } from './freeze/record.ts'
import { connectionNow } from './freeze/sign-in.ts'
import { lookFrozen, watchFrozen, type Breach } from './freeze/watch.ts'
import type { RunServices } from './services.ts'

/**
 * The old side of a way back: the source of the migration `of`, frozen by that one, and to stay so while what is written to the
 * new one goes there. It has one source, so there is one freeze.
 */
const freezeOfOld = ({ freezes }: Pick<RunServices, 'freezes'>, of: string): KeptFreeze | undefined =>
  freezes.open(of)[0]

const againMs = 500

/** How it lets us in at this moment. */
export async function reachOld(
  services: Pick<RunServices, 'freezes'>,
  of: string,
  before: Connection,
  signal?: AbortSignal,
): Promise<Connection> {
  const kept = freezeOfOld(services, of)
  return kept === undefined ? before : await connectionNow(kept.record, before, signal)
}

/** Is this the address of one of its servers? */
export function isOldServer(services: Pick<RunServices, 'freezes'>, of: string, address: unknown): boolean {
  return freezeOfOld(services, of)?.record.nodes.some((node) => hostAndPort(node) === address) ?? false
}

/**
 * Freezes it once more where it was started anew or failed over since: it lets its writers in then. What broke the freeze is
 * told to the way back `id` in any case; what a person froze or changed is theirs. What is away is left to the watch.
 */
export async function keepOldFrozen(
  services: RunServices,
  id: string,
  of: string,
  signal: AbortSignal,
): Promise<void> {
  const kept = freezeOfOld(services, of)
  if (kept === undefined) return
  const broken = await lookFrozen(kept.record).catch((thrown: unknown) => {
    if (isOfTheLink(toFailure(thrown))) return null
    throw thrown
  })
  if (broken !== null && isOurs(kept, broken, services, id)) await freezeAgain(services, id, of, signal)
}

/**
 * The same from now on, five times a second, until `signal` aborts or a person has taken it over. Our own writes go there, so who
 * else writes is found by others. `onFrozen` is called whenever it was frozen once more.
 */
export async function watchOldFrozen(
  services: RunServices,
  id: string,
  of: string,
  { signal, onFrozen }: { readonly signal: AbortSignal; readonly onFrozen: () => void },
): Promise<void> {
  for (;;) {
    const kept = freezeOfOld(services, of)
    if (kept === undefined || signal.aborted) return
    const broken = await watchFrozen([kept.record], { signal, onLook: () => undefined, writesAreOurs: true })
    if (broken === null || !isOurs(kept, broken, services, id)) return
    for (let done = false; !done && !signal.aborted;)
      try {
        await freezeAgain(services, id, of, signal)
        done = true
        onFrozen()
      } catch (thrown) {
        if (!toFailure(thrown).retryable) throw thrown
        await sleep(againMs, undefined, { signal }).catch(() => undefined)
      }
  }
}

/** Tells what broke it; whether it is for us to mend. */
function isOurs({ record }: KeptFreeze, broken: Breach, { book }: RunServices, id: string): boolean {
  book.tell(id, 'error', 'freeze.broken', { ...broken })
  return record.byHand !== true && ['restarted', 'role-changed', 'slots-moved'].includes(broken.breach)
}

async function freezeAgain(
  services: RunServices,
  id: string,
  of: string,
  signal: AbortSignal,
): Promise<void> {
  const { book, freezes } = services
  const kept = freezeOfOld(services, of)
  if (kept === undefined) return
  const { connection, signedOut: before } = kept.record
  const { record } = await freezeWrites({ taskId: of, connection, journal: freezes, signal })
  book.tell(id, 'warning', 'freeze.again', { clients: record.signedOut - before })
}
