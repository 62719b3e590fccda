import type { VerifySpec } from '#contract/verify.ts'
import type { TargetLook } from '../target/look.ts'
import { countTheirs } from './counts.ts'
import { DbLink } from './db-link.ts'
import type { TargetSide } from './target-side.ts'

/** Batches compared at a time. */
const atOnce = 4
const scanCount = 1_000

/** The target of a comparison with a backup, with several ways to ask it at the same time. */
export interface OpenTarget extends Disposable {
  readonly look: TargetLook
  readonly sides: readonly TargetSide[]
  /** Keys by database, ours not counted. */
  count(): Promise<ReadonlyMap<number, number>>
  /** Every key, in batches. */
  keys(): AsyncGenerator<{ readonly db: number; readonly keys: readonly Buffer[] }, void, void>
  /** Until disposed of, an aborted signal ends every connection. */
  endWith(signal: AbortSignal): Disposable
}

/** Connects. Fails with `connect.*`, `tls.*`, `auth.*`, or `target.loading`. */
export async function openTarget(
  { target, expiryToleranceMs }: Pick<VerifySpec, 'target' | 'expiryToleranceMs'>,
  signal: AbortSignal,
): Promise<OpenTarget> {
  const walking = await DbLink.open(target, 'keyferry:verify', signal)
  const links = [walking]
  const close = (): void => {
    for (const link of links) link[Symbol.dispose]()
  }
  try {
    const look = await walking.look()
    for (let number = 0; number < atOnce; number += 1)
      links.push(await DbLink.open(target, 'keyferry:verify', signal))
    return {
      look,
      sides: links.slice(1).map((link) => ({ link, look, expiryToleranceMs })),
      count: () => countTheirs(walking),
      keys: () => keysOf(walking, look),
      endWith(ending) {
        ending.addEventListener('abort', close, { once: true })
        if (ending.aborted) close()
        return { [Symbol.dispose]: () => ending.removeEventListener('abort', close) }
      },
      [Symbol.dispose]: close,
    }
  } catch (thrown) {
    close()
    throw thrown
  }
}

async function* keysOf(link: DbLink, look: TargetLook): ReturnType<OpenTarget['keys']> {
  for (const db of (await countTheirs(link)).keys()) {
    if (look.versionNumber < 208) {
      // Before SCAN there is only this.
      yield { db, keys: (await link.ask(db, ['KEYS', '*'])) as readonly Buffer[] }
      continue
    }
    let cursor = '0'
    do {
      const [next, keys] = (await link.ask(db, ['SCAN', cursor, 'COUNT', scanCount])) as unknown as [
        Buffer,
        readonly Buffer[],
      ]
      cursor = next.toString()
      yield { db, keys }
    } while (cursor !== '0')
  }
}
