import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../bytes/feed.ts'

/**
 * Work over bytes that come in pieces, written once for both worlds: a generator that yields only where it
 * must wait (for more bytes, or for room to write), so that nothing is awaited per element.
 */
export type Steps<T> = Generator<Promise<unknown>, T, void>

/** Goes through the steps, waiting where they wait. */
export async function run<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    await step.value
  }
}

/** Goes through steps over a `MemoryFeed`, where there is nothing to wait for. */
export function runNow<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** Bytes that are all there. */
export class MemoryFeed implements ByteFeed {
  readonly buffer: Uint8Array
  position: number
  readonly end: number

  constructor(buffer: Uint8Array, start = 0, end = buffer.length) {
    this.buffer = buffer
    this.position = start
    this.end = end
  }

  fill(bytes: number): Promise<boolean> {
    return Promise.resolve(this.end - this.position >= bytes)
  }
}

/** A feed made of another one: its refills are steps themselves. */
export interface DerivedFeed extends ByteFeed {
  refill(bytes: number): Steps<void>
}

/** Makes `bytes` unread bytes available. @throws file.truncated where the input ends before. */
export function* need(feed: ByteFeed | DerivedFeed, bytes: number): Steps<void> {
  if (feed.end - feed.position >= bytes) return
  if ('refill' in feed) yield* feed.refill(bytes)
  else yield feed.fill(bytes)
  if (feed.end - feed.position < bytes) fail('file.truncated')
}

/** Hands `length` bytes on in pieces, as large as they come. */
export function* pass(
  feed: ByteFeed | DerivedFeed,
  length: number,
  write: (piece: Uint8Array) => void | Promise<void>,
): Steps<void> {
  for (let left = length; left > 0;) {
    if (feed.position === feed.end) yield* need(feed, 1)
    const size = Math.min(left, feed.end - feed.position)
    const waiting = write(feed.buffer.subarray(feed.position, feed.position + size))
    if (waiting !== undefined) yield waiting
    feed.position += size
    left -= size
  }
}

/** Goes past `length` bytes. */
export function* passOver(feed: ByteFeed | DerivedFeed, length: number): Steps<void> {
  for (let left = length; left > 0;) {
    if (feed.position === feed.end) yield* need(feed, 1)
    const size = Math.min(left, feed.end - feed.position)
    feed.position += size
    left -= size
  }
}
