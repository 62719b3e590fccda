import { WindowFeed } from '#engine/bytes/feed.ts'

/** As a feed needs at least: what one fill may ask for. */
const windowBytes = 1024 * 1024

/** A feed over `bytes` to which they come in pieces, each as long as `nextPiece` says. */
export function splitFeed(bytes: Uint8Array, nextPiece: () => number): WindowFeed {
  let at = 0
  return new WindowFeed(new Uint8Array(windowBytes), 0, windowBytes, async (buffer, offset, length) => {
    const size = Math.min(length, nextPiece(), bytes.length - at)
    buffer.set(bytes.subarray(at, at + size), offset)
    at += size
    return size
  })
}
