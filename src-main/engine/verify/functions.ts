import type { FunctionsFound } from '#contract/verify.ts'
import { libraryName } from '../rdb/function-library.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import type { Questioned } from './db-link.ts'

/**
 * Every function library of a server: its name, engine and code, in one order (the functions follow from the
 * code); null where it tells of none. Not by FUNCTION DUMP: each server gives them in an order of its own.
 */
export async function librariesOf(link: Questioned): Promise<readonly string[] | null> {
  const [reply] = await link.askAll(0, [['FUNCTION', 'LIST', 'WITHCODE']])
  if (reply instanceof ReplyError || !Array.isArray(reply)) return null
  const texts = (reply as readonly (readonly Reply[])[]).map((fields) =>
    JSON.stringify(
      ['library_name', 'engine', 'library_code'].map((wanted) =>
        String(fields[fields.findIndex((name, at) => at % 2 === 0 && String(name) === wanted) + 1]),
      ),
    ),
  )
  // Several servers that are one side may have the same one.
  return [...new Set(texts)].sort()
}

/** Of both sides, as `librariesOf` gives them. */
export function compareLibraries(
  here: readonly string[] | null,
  there: readonly string[] | null,
): FunctionsFound {
  if (here === null || there === null) return 'untold'
  return here.join('\n') === there.join('\n') ? 'equal' : 'differ'
}

/** A library of a backup in the same form: its code's first line has the engine and the name. */
export function libraryText(code: Uint8Array): string {
  const engine = /^#!(\w+)/.exec(Buffer.from(code.subarray(0, 64)).toString())?.[1] ?? ''
  return JSON.stringify([libraryName(code), engine.toUpperCase(), Buffer.from(code).toString()])
}
