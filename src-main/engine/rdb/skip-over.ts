import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'
import { skipModule } from './module.ts'
import { kindOf, type, valkeyHash2, type RdbFlavour } from './opcodes.ts'
import { need, passOver, type Steps } from './steps.ts'
import { streamVersion } from './stream.ts'
import { readLength, skipString } from './string.ts'

/** Is told what a value consists of. */
export interface SkipWatcher {
  /** A string of so many bytes, unpacked. */
  string(length: number): void
  /** An entry of a stream that a group has delivered and nobody acknowledged. */
  pending(): void
}

/**
 * Goes past a value that is larger than any window, decoding nothing: the twin of `skip.ts` for what passes by
 * in pieces. @throws file.unknown-type, file.corrupt, file.truncated
 */
export function* skipOver(
  code: number,
  feed: ByteFeed,
  flavour: RdbFlavour,
  watcher?: SkipWatcher,
): Steps<void> {
  function* string(): Steps<void> {
    const length = yield* skipString(feed)
    watcher?.string(length)
  }
  const bytes = (count: number) => (): Steps<void> => passOver(feed, count)
  const length = (): Steps<number> => readLength(feed)
  switch (code) {
    case type.LIST:
    case type.SET:
    case type.LIST_QUICKLIST:
      return yield* repeat(feed, string)
    case type.LIST_QUICKLIST_2:
      return yield* repeat(feed, length, string)
    case type.HASH:
      return yield* repeat(feed, string, string)
    case valkeyHash2:
      if (flavour === 'valkey') return yield* repeat(feed, string, string, bytes(8))
      return yield* repeat(feed, length, string, string)
    case type.HASH_METADATA:
      yield* passOver(feed, 8)
      return yield* repeat(feed, length, string, string)
    case type.HASH_LISTPACK_EX:
      yield* passOver(feed, 8)
      return yield* string()
    case type.ZSET:
      return yield* repeat(feed, string, () => skipAsciiDouble(feed))
    case type.ZSET_2:
      return yield* repeat(feed, string, bytes(8))
    case type.MODULE_2:
      yield* skipModule(feed)
      return
  }
  const version = streamVersion(code)
  if (version !== undefined) return yield* skipStream(version, feed, string, watcher)
  // Whatever else has a kind is one string, but for the module format from before 4.0, whose end nobody can find.
  if (kindOf(code) === undefined || code === type.MODULE_PRE_GA) fail('file.unknown-type', { type: code })
  yield* string()
}

/** Reads a count and goes past so many rows of parts. */
function* repeat(feed: ByteFeed, ...parts: readonly (() => Steps<unknown>)[]): Steps<void> {
  for (let left = yield* readLength(feed); left > 0; left -= 1) for (const part of parts) yield* part()
}

/** In ZSET: a length and so many bytes, or one byte from 253 for a special value. */
function* skipAsciiDouble(feed: ByteFeed): Steps<void> {
  yield* need(feed, 1)
  const first = feed.buffer[feed.position++]!
  if (first < 253) yield* passOver(feed, first)
}

function* skipStream(
  version: 1 | 2 | 3,
  feed: ByteFeed,
  string: () => Steps<void>,
  watcher: SkipWatcher | undefined,
): Steps<void> {
  function* delivery(): Steps<void> {
    yield* passOver(feed, 16 + 8)
    watcher?.pending()
  }
  const length = (): Steps<number> => readLength(feed)
  const id = (): Steps<void> => passOver(feed, 16)
  const lengths = (count: number) => Array<() => Steps<number>>(count).fill(length)
  yield* repeat(feed, string, string)
  for (const part of lengths(version >= 2 ? 8 : 3)) yield* part()
  yield* repeat(
    feed,
    string,
    ...lengths(version >= 2 ? 3 : 2),
    () => repeat(feed, delivery, length),
    () =>
      repeat(
        feed,
        string,
        () => passOver(feed, version >= 3 ? 16 : 8),
        () => repeat(feed, id),
      ),
  )
}
