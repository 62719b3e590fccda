import { WindowFeed } from '#engine/bytes/feed.ts'
import { EntryBatch, entryKind } from '#engine/flow/entry.ts'
import type { RdbFlavour } from '#engine/rdb/opcodes.ts'
import { RdbReader } from '#engine/rdb/reader.ts'

export interface StoredValue {
  readonly key: string
  readonly code: number
  readonly value: Buffer
  readonly flavour: RdbFlavour
}

/** The values of a file; ends quietly where the file is broken, as some of the corpus are on purpose. */
export async function* valuesOf(file: Buffer): AsyncGenerator<StoredValue> {
  const memory = new Uint8Array(file.length + 1024 * 1024)
  let at = 0
  const feed = new WindowFeed(memory, 0, file.length, async (buffer, offset, length) => {
    const size = Math.min(length, file.length - at)
    buffer.set(file.subarray(at, at + size), offset)
    at += size
    return size
  })
  const reader = new RdbReader(feed, {
    file: 'corpus',
    bigValueBytes: file.length,
    scratchStart: file.length,
    scratchBytes: 1024 * 1024,
  })
  const batch = new EntryBatch(memory)
  for (;;) {
    const step = await reader.next(batch).catch(() => 'end' as const)
    if (step !== 'batch') return
    for (let index = 0; index < batch.count; index += 1) {
      if (batch.kind[index] !== entryKind.KEY) continue
      const value = Buffer.from(memory.subarray(batch.valueStart[index], batch.valueEnd[index]))
      const key = Buffer.from(batch.key(index)).toString('latin1')
      yield { key, code: batch.type[index]!, value, flavour: reader.header.flavour }
    }
  }
}
