import type { Connection } from '#contract/connection.ts'
import { restoreSpecSchema } from '#contract/restore.ts'
import { restoreOnly } from '../flow/restore.ts'
import { goesAlong } from '../plan/selection.ts'
import type { DumpedKey } from '../rdb/payload-entries.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import type { Questioned } from './db-link.ts'
import { byDatabase, type KeyDifference } from './findings.ts'
import { PayloadFile } from './payload-file.ts'

/** Keys asked for at once, and what each may take: the answer to DUMP is one reply. */
const atOnce = 50
const largestBytes = 256 * 1024 * 1024

/**
 * Writes keys of one server into another one, over what is there: dumped into a file, which is then restored, so
 * that it goes whatever the versions are; with all function libraries where that is wanted. Gives how many keys
 * were written. What the source no longer has, and what is
 * too large for one reply, is left as it is.
 */
export async function rewriteFromServer(
  source: Questioned,
  target: Connection,
  differences: readonly KeyDifference[],
  withLibraries: boolean,
  signal: AbortSignal,
): Promise<number> {
  await using file = await PayloadFile.create()
  for (const [db, keys] of byDatabase(differences))
    for (let at = 0; at < keys.length; at += atOnce)
      await file.add(db, await dumpKeys(source, db, keys.slice(at, at + atOnce)))
  if (withLibraries) await file.addLibraries(await librariesOf(source))
  if (!(await file.end())) return 0
  const spec = restoreSpecSchema.parse({ files: [file.path], target, onConflict: 'replace' })
  const { keysWritten } = await restoreOnly(spec, { judge: () => goesAlong }, signal)
  return keysWritten
}

async function dumpKeys(
  source: Questioned,
  db: number,
  keys: readonly Buffer[],
): Promise<readonly DumpedKey[]> {
  const dumped: DumpedKey[] = []
  const sizes = await source.askAll(
    db,
    keys.map((key) => ['MEMORY', 'USAGE', key]),
  )
  for (const [index, key] of keys.entries()) {
    if (Number(sizes[index]) > largestBytes) continue
    const [dump, expiresAt, expiresIn] = await source.askAll(db, [
      ['DUMP', key],
      ['PEXPIRETIME', key],
      ['PTTL', key],
    ])
    if (Buffer.isBuffer(dump)) dumped.push({ key, dump, expireAt: absolute(expiresAt, expiresIn) })
  }
  return dumped
}

/** PEXPIRETIME is known since 7.0. */
function absolute(expiresAt: Reply | undefined, expiresIn: Reply | undefined): number {
  if (!(expiresAt instanceof ReplyError)) return Number(expiresAt)
  return Number(expiresIn) < 0 ? -1 : Date.now() + Number(expiresIn)
}

/** The code of every function library (7.0). */
async function librariesOf(source: Questioned): Promise<readonly Buffer[]> {
  const listed = await source.ask(0, ['FUNCTION', 'LIST', 'WITHCODE'])
  return (listed as unknown as readonly (readonly Reply[])[]).flatMap((library) => {
    const at = library.findIndex((name, index) => index % 2 === 0 && String(name) === 'library_code')
    const code = library[at + 1]
    return Buffer.isBuffer(code) ? [code] : []
  })
}
