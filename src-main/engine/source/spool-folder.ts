import { readdir, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { measureSegment } from './spool-segment.ts'

/** A file with a run of the stream. */
export interface Segment {
  /** The offset of the last byte before it, and of its last byte. */
  readonly start: number
  end: number
  readonly path: string
  fileBytes: number
  /** Since when all of it has been safe in the target; null while it is not. */
  safeSince: number | null
}

/** Of a segment that begins behind `start`; names in order are segments in order. */
export function segmentName(start: number): string {
  return `${String(start).padStart(16, '0')}.stream`
}

/**
 * The segments in a folder, in order, without a gap: what lies before one is of no use and goes. Only the last
 * can be torn; the others reach to where the next begins, and are checked as they are read.
 */
export async function openSegments(folder: string): Promise<Segment[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{16}\.stream$/.test(name)).sort()
  const segments: Segment[] = []
  for (const [index, name] of names.entries()) {
    const path = join(folder, name)
    const start = Number(name.slice(0, 16))
    const next = names[index + 1]
    const { stream, file } =
      next === undefined
        ? await measureSegment(path)
        : { stream: Number(next.slice(0, 16)) - start, file: await sizeOf(path) }
    if (next === undefined) await truncate(path, file)
    const before = segments.at(-1)
    if (before !== undefined && before.end !== start)
      for (const lost of segments.splice(0)) await rm(lost.path, { force: true })
    if (stream > 0) segments.push({ start, end: start + stream, path, fileBytes: file, safeSince: null })
    else await rm(path, { force: true })
  }
  return segments
}

/** Bytes; -1 where there is no such file. */
export async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => -1,
  )
}
