import type { ByteFeed } from '../bytes/feed.ts'
import type { Steps } from '../rdb/steps.ts'
import { readStream, streamId, streamIdText, type StreamId } from '../rdb/stream.ts'

/** An entry delivered and not acknowledged. Times are milliseconds since the epoch. */
export interface DecodedPending {
  readonly deliveredAt: number
  readonly deliveries: number
  consumer: string
}

export interface DecodedGroup {
  readonly lastId: string
  /** Not told before 7.0. */
  readonly entriesRead: bigint | undefined
  readonly consumers: Set<string>
  /** By id. */
  readonly pending: Map<string, DecodedPending>
}

/** What a stream knows of itself beside its entries. */
export interface DecodedState {
  readonly length: bigint
  readonly lastId: string
  /** Not told before 7.0. */
  readonly maxDeletedId: string | undefined
  readonly entriesAdded: bigint | undefined
}

/** A whole stream; strings as in `DecodedValue`. When a consumer was last seen is no part of the data. */
export interface DecodedStream {
  readonly entries: readonly (readonly [id: string, parts: readonly string[]])[]
  readonly state: DecodedState
  readonly groups: ReadonlyMap<string, DecodedGroup>
}

/** What is told of a stream while it is walked. */
export interface StreamParts {
  entry(id: string, parts: readonly string[]): Steps<void>
  /** After the last entry. */
  state(state: DecodedState): Steps<void>
  /** All of a group; its pending entries have been held in memory. */
  group(name: string, group: DecodedGroup): Steps<void>
}

/** Decodes a stream that fits in memory. */
export function* decodeStream(version: 1 | 2 | 3, feed: ByteFeed): Steps<DecodedStream> {
  const entries: [string, readonly string[]][] = []
  const groups = new Map<string, DecodedGroup>()
  let known: DecodedState | undefined
  /* eslint-disable require-yield -- what is gathered in memory needs no waiting */
  yield* walkStream(version, feed, {
    *entry(id, parts) {
      entries.push([id, parts])
    },
    *state(state) {
      known = state
    },
    *group(name, group) {
      groups.set(name, group)
    },
  })
  /* eslint-enable require-yield */
  return { entries, state: known!, groups }
}

/** Walks a stream, one entry or group in memory at a time. @throws file.corrupt, file.truncated */
export function* walkStream(version: 1 | 2 | 3, feed: ByteFeed, visitor: StreamParts): Steps<void> {
  let entryId = ''
  let parts: string[] = []
  let open: { readonly name: string; readonly group: DecodedGroup } | null = null
  let consumer = ''
  function* closeGroup(): Steps<void> {
    if (open !== null) yield* visitor.group(open.name, open.group)
    open = null
  }
  yield* readStream(version, feed, {
    entry(id) {
      entryId = text(id)
      parts = []
    },
    *part(element) {
      parts.push((yield* element.copy()).toString('latin1'))
    },
    *endEntry() {
      yield* visitor.entry(entryId, parts)
    },
    *state({ length, lastId, since7 }) {
      yield* visitor.state({
        length,
        lastId: text(lastId),
        maxDeletedId: since7 === undefined ? undefined : text(since7.maxDeletedId),
        entriesAdded: since7?.entriesAdded,
      })
    },
    *group(name, lastId, entriesRead) {
      yield* closeGroup()
      open = {
        name: name.toString('latin1'),
        group: { lastId: text(lastId), entriesRead, consumers: new Set(), pending: new Map() },
      }
    },
    /* eslint-disable require-yield -- as above */
    *pending(rawId, deliveredAt, deliveries) {
      open!.group.pending.set(text(streamId(rawId)), {
        deliveredAt: Number(deliveredAt),
        deliveries,
        consumer: '',
      })
    },
    *consumer(name) {
      consumer = name.toString('latin1')
      open!.group.consumers.add(consumer)
    },
    *held(rawId) {
      const pending = open!.group.pending.get(text(streamId(rawId)))
      if (pending !== undefined) pending.consumer = consumer
    },
    *endConsumer() {
      consumer = ''
    },
    /* eslint-enable require-yield */
  })
  yield* closeGroup()
}

function text(id: StreamId): string {
  return streamIdText(id).toString('latin1')
}
