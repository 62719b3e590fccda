import type { Connection } from '#contract/connection.ts'
import { restoreSpecSchema } from '#contract/restore.ts'
import { restoreOnly } from '../flow/restore.ts'
import { goesAlong } from '../plan/selection.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import type { DbLink } from './db-link.ts'
import { byDatabase, type KeyDifference } from './findings.ts'
import { PayloadFile, type DumpedKey } from './payload-file.ts'

/** Keys asked for at once, and what each may take: the answer to DUMP is one reply. */
const atOnce = 50
const largestBytes = 256 * 1024 * 1024

/**
 * Writes keys of one server into another one, over what is there: dumped into a file, which is then restored, so
 * that it goes whatever the versions are. Gives how many were written. What the source no longer has, and what is
 * too large for one reply, is left as it is.
 */
export async function rewriteFromServer(
  source: DbLink,
  target: Connection,
  differences: readonly KeyDifference[],
  signal: AbortSignal,
): Promise<number> {
  await using file = await PayloadFile.create()
  for (const [db, keys] of byDatabase(differences))
    for (let at = 0; at < keys.length; at += atOnce)
      await file.add(db, await dumpKeys(source, db, keys.slice(at, at + atOnce)))
  if (!(await file.end())) return 0
  const spec = restoreSpecSchema.parse({ files: [file.path], target, onConflict: 'replace' })
  const { keysWritten } = await restoreOnly(spec, { judge: () => goesAlong }, signal)
  return keysWritten
}

async function dumpKeys(source: DbLink, db: number, keys: readonly Buffer[]): Promise<readonly DumpedKey[]> {
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

/** Loads every function library of the source into the target, over those it has by the same names. */
export async function copyLibraries(source: DbLink, target: DbLink): Promise<void> {
  const listed = await source.ask(0, ['FUNCTION', 'LIST', 'WITHCODE'])
  for (const library of listed as unknown as readonly (readonly Reply[])[]) {
    const code = library[library.findIndex((name, at) => at % 2 === 0 && String(name) === 'library_code') + 1]
    if (Buffer.isBuffer(code)) await target.ask(0, ['FUNCTION', 'LOAD', 'REPLACE', code])
  }
}
