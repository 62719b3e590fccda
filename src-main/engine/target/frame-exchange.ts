import { FailureError } from '#contract/failure.ts'
import type { Reply } from '../resp/decode.ts'
import type { Link } from '../resp/link.ts'
import type { LongArgument } from '../resp/long-argument.ts'
import type { Frame } from './transaction-frame.ts'

/** A target that takes longer over one batch is come to again: what it has done, it tells then. */
export const answerLimitMs = 20_000

/**
 * Sends a frame and resolves with all its replies. One that is long goes out as it is read, no more of it held than
 * is on its way. Rejects when the link is lost, or given up because nothing moves.
 */
export async function exchangeFrame(link: Link, { parts, owners }: Frame): Promise<readonly Reply[]> {
  const replies = owners.length + 2
  const held = parts.filter(isHeld)
  if (held.length < parts.length) return await exchangeLong(link, parts, replies)
  return await link.exchangeForErrors(joined(held), replies, answerLimitMs)
}

/** Pieces so long are sent as they are; what is shorter is put together. */
const longPiece = 16 * 1024

function joined(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  let short: Uint8Array[] = []
  const join = (): void => {
    if (short.length > 0) pieces.push(Buffer.concat(short))
    short = []
  }
  for (const part of parts)
    if (part.length < longPiece) short.push(part)
    else {
      join()
      pieces.push(part)
    }
  join()
  return pieces
}

async function exchangeLong(
  link: Link,
  parts: readonly (Uint8Array | LongArgument)[],
  replies: number,
): Promise<readonly Reply[]> {
  const limit = setTimeout(() => link.close(), answerLimitMs)
  const taken: Reply[] = []
  let expected = replies
  let lose: (thrown: FailureError) => void = () => undefined
  const lost = new Promise<never>((_, reject) => (lose = reject))
  let finish: () => void = () => undefined
  const answered = new Promise<void>((resolve) => (finish = resolve))
  const take = (reply: Reply): void => {
    taken.push(reply)
    if (taken.length === replies) finish()
  }
  const send = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      link.write(bytes, expected, {
        reply: take,
        oks: (count) => {
          for (let index = 0; index < count; index += 1) take('OK')
        },
        lost: (failure) => lose(new FailureError(failure)),
        sent: resolve,
      })
      // All replies belong to the first write: those behind it are the rest of the same commands.
      expected = 0
    })
  try {
    for await (const bytes of inPieces(parts)) {
      await Promise.race([send(bytes), lost])
      limit.refresh()
    }
    await Promise.race([answered, lost])
    return taken
  } catch (thrown) {
    // Half a command is on its way: nothing else can follow it.
    link.close()
    throw thrown
  } finally {
    clearTimeout(limit)
  }
}

async function* inPieces(parts: readonly (Uint8Array | LongArgument)[]): AsyncGenerator<Uint8Array, void> {
  let held: Uint8Array[] = []
  for (const part of parts) {
    if (isHeld(part)) {
      held.push(part)
      continue
    }
    yield Buffer.concat(held)
    held = []
    yield* part.chunks()
  }
  yield Buffer.concat(held)
}

function isHeld(part: Uint8Array | LongArgument): part is Uint8Array {
  return part instanceof Uint8Array
}
