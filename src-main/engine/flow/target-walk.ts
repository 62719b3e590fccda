import type { ScannedKeys } from './scan-target.ts'

export type WalkedKeys = Pick<ScannedKeys, 'db' | 'keys' | 'expires'>

/** Looks at those of these keys that are its own; resolves with the others. */
export type Visitor = (walked: WalkedKeys) => Promise<readonly Buffer[]>

/** A place in a walk: it begins when each has been taken or given up. */
export interface WalkSeat {
  /** Takes it. Resolves at the end of the walk; rejects as the walk does, or `visit` did, and when the signal aborts. */
  go(visit: Visitor, signal: AbortSignal): Promise<void>
  /** Gives it up, if it has not been taken. */
  leave(): void
}

interface Companion {
  readonly visit: Visitor
  readonly resolve: () => void
  readonly reject: (thrown: unknown) => void
}

/** As many keys at a time as each of several has enough of that are its own. */
const keysForEach = 200

/**
 * One walk through all keys of a target, for several who look each at some of them: nobody knows before whose a key is, and
 * a walk of each one's own would be as many walks. What the first gives back the next one gets. Who fails is left behind.
 */
export class TargetWalk {
  readonly seats: readonly WalkSeat[]
  readonly #scan: (signal: AbortSignal) => AsyncGenerator<ScannedKeys, void>
  readonly #companions: Companion[] = []
  readonly #over = new AbortController()
  #awaited: number

  /** `scan`: ends when its signal aborts. */
  constructor(scan: (signal: AbortSignal) => AsyncGenerator<ScannedKeys, void>, seats: number) {
    this.#scan = scan
    this.#awaited = seats
    this.seats = Array.from({ length: seats }, () => this.#makeSeat())
  }

  #makeSeat(): WalkSeat {
    let isAwaited = true
    const settle = (): void => {
      if (!isAwaited) return
      isAwaited = false
      this.#awaited -= 1
      if (this.#awaited === 0 && this.#companions.length > 0) void this.#walk()
    }
    return {
      leave: settle,
      go: (visit, signal) =>
        new Promise((resolve, reject) => {
          const one = { visit, resolve, reject }
          this.#companions.push(one)
          signal.addEventListener('abort', () => this.#leaveBehind(one, signal.reason), { once: true })
          if (signal.aborted) this.#leaveBehind(one, signal.reason)
          settle()
        }),
    }
  }

  async #walk(): Promise<void> {
    const batches = inBatches(this.#scan(this.#over.signal), keysForEach * this.#companions.length)
    // While one looks at a batch, the next ones look at those before it.
    const hands = Array.from({ length: this.#companions.length + 1 }, async () => {
      for await (const batch of batches) await this.#show(batch)
    })
    const [failed] = (await Promise.allSettled(hands)).flatMap((one) =>
      one.status === 'rejected' ? [one] : [],
    )
    for (const { resolve, reject } of this.#companions)
      if (failed === undefined) resolve()
      else reject(failed.reason)
  }

  async #show(batch: WalkedKeys): Promise<void> {
    let { keys } = batch
    for (const one of [...this.#companions]) {
      if (keys.length === 0) return
      try {
        keys = await one.visit({ ...batch, keys })
      } catch (thrown) {
        this.#leaveBehind(one, thrown)
      }
    }
  }

  #leaveBehind(one: Companion, thrown: unknown): void {
    one.reject(thrown)
    const at = this.#companions.indexOf(one)
    if (at >= 0) this.#companions.splice(at, 1)
    if (this.#companions.length === 0) this.#over.abort()
  }
}

/** The keys of a database together until there are so many: a server that holds little else of ours tells few at a time. */
async function* inBatches(
  scanned: AsyncGenerator<ScannedKeys, void>,
  atOnce: number,
): AsyncGenerator<WalkedKeys, void> {
  let batch: WalkedKeys & { readonly keys: Buffer[] } = { db: 0, keys: [], expires: 0 }
  for await (const { db, keys, expires } of scanned) {
    // Of a cluster's masters one may have keys that expire, another none.
    const isLike = db === batch.db && expires === batch.expires
    if (batch.keys.length > 0 && (!isLike || batch.keys.length + keys.length > atOnce)) {
      yield batch
      batch = { db, keys: [], expires }
    }
    batch = { db, keys: batch.keys, expires }
    batch.keys.push(...keys)
  }
  if (batch.keys.length > 0) yield batch
}
