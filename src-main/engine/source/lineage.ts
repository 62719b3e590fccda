import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** Whose stream a spool holds, and from where. */
export interface Lineage {
  readonly format: 1
  readonly replid: string
  /** Ids the same history had before (PSYNC2), each good up to and including an offset. */
  readonly previous: readonly { readonly replid: string; readonly until: number }[]
  /** The offset the snapshot stands at, or where the stream was taken up without one. */
  readonly start: number
  /** `partial`: begun, not to be used alone; a number: whole, so many bytes. */
  readonly snapshot: 'none' | 'partial' | number
}

const fileName = 'lineage.json'

/** The lineage kept in `folder`; null where there is none that can be read. */
export async function readLineage(folder: string): Promise<Lineage | null> {
  try {
    const lineage = JSON.parse(await readFile(join(folder, fileName), 'utf8')) as Lineage
    return lineage.format === 1 ? lineage : null
  } catch {
    return null
  }
}

/** Replaces it: after this the new one is on disk, or the old one still is. */
export async function writeLineage(folder: string, lineage: Lineage): Promise<void> {
  const fresh = join(folder, `${fileName}.new`)
  {
    await using file = await open(fresh, 'w')
    await file.writeFile(JSON.stringify(lineage))
    await file.sync()
  }
  await rename(fresh, join(folder, fileName))
  await syncFolder(folder)
}

/** Makes names in a folder durable. Systems that cannot open a folder (Windows) do so by themselves. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, 'r')
    await handle.sync()
  } catch {
    return
  }
}

/** Is `offset` under `replid` a place in this history? */
export function belongsTo(lineage: Lineage, replid: string, offset: number): boolean {
  return (
    lineage.replid === replid ||
    lineage.previous.some((earlier) => earlier.replid === replid && offset <= earlier.until)
  )
}
