import type { Connection } from '#contract/connection.ts'
import { isOfTheLink, toFailure } from '#contract/failure.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import { freezeAgain, isOursToMend, keepFrozen } from './freeze/keep.ts'
import type { KeptFreeze } from './freeze/record.ts'
import { connectionNow } from './freeze/sign-in.ts'
import { lookFrozen, type Breach } from './freeze/watch.ts'
import type { RunServices } from './services.ts'

/**
 * The old side of a way back: the source of the migration `of`, frozen by that one, and to stay so while what is written to the
 * new one goes there. It has one source, so there is one freeze.
 */
const freezeOfOld = ({ freezes }: Pick<RunServices, 'freezes'>, of: string): KeptFreeze | undefined =>
  freezes.open(of)[0]

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
  if (broken === null) return
  tellBroken(services, id)(broken)
  if (isOursToMend(kept, broken)) tellFrozen(services, id)(await freezeAgain(services.freezes, of, signal))
}

/** The same from now on, until `signal` aborts. `onFrozen` is called whenever it was frozen once more. */
export async function watchOldFrozen(
  services: RunServices,
  id: string,
  of: string,
  { signal, onFrozen }: { readonly signal: AbortSignal; readonly onFrozen: () => void },
): Promise<void> {
  await keepFrozen(services.freezes, of, {
    signal,
    onBroken: tellBroken(services, id),
    onFrozen(clients) {
      tellFrozen(services, id)(clients)
      onFrozen()
    },
  })
}

const tellBroken =
  ({ book }: RunServices, id: string) =>
  (broken: Breach): void =>
    book.tell(id, 'error', 'freeze.broken', { ...broken })

const tellFrozen =
  ({ book }: RunServices, id: string) =>
  (clients: number): void =>
    book.tell(id, 'warning', 'freeze.again', { clients })
