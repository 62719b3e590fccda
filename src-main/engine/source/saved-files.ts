import { fail } from '#contract/failure.ts'
import { ReplyError } from '../resp/decode.ts'
import type { Link } from '../resp/link.ts'

/** Where a source keeps its files, as it names them itself. */
export interface SavedPlaces {
  readonly rdb: string
  /** The single append-only file (up to 6.2), or the folder with its manifest. */
  readonly aof: string
  /** It is a folder with a manifest. */
  readonly isMultiPart: boolean
}

/** Asks where the source saves to; null where it does not tell. */
export async function askPlaces(link: Link): Promise<SavedPlaces | null> {
  const dir = await readSetting(link, 'dir')
  const rdb = await readSetting(link, 'dbfilename')
  if (dir === null || rdb === null) return null
  const folder = await readSetting(link, 'appenddirname')
  // CONFIG GET tells the name from 6.2 on; before, few have another.
  const single = (await readSetting(link, 'appendfilename')) ?? 'appendonly.aof'
  return {
    rdb: joined(dir, rdb),
    aof: joined(dir, folder ?? single),
    isMultiPart: folder !== null,
  }
}

/** Fails with `backup.no-aof` where the source keeps no append-only file. */
export async function assertKeepsAof(link: Link): Promise<void> {
  if ((await readSetting(link, 'appendonly')) === 'no') fail('backup.no-aof', { address: link.address })
}

async function readSetting(link: Link, name: string): Promise<string | null> {
  const reply = await link.call(['CONFIG', 'GET', name])
  if (reply instanceof ReplyError || !Array.isArray(reply) || reply.length < 2) return null
  return String(reply[1])
}

/** The source's own paths, on whatever system it runs. */
function joined(folder: string, name: string): string {
  return /[/\\]$/.test(folder) ? `${folder}${name}` : `${folder}/${name}`
}
