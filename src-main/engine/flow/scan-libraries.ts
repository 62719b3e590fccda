import { openControl } from '../redis/control.ts'
import type { Questioned } from '../verify/db-link.ts'
import { compareLibraries, librariesOf } from '../verify/functions.ts'
import type { TargetSession } from './target-session.ts'

export interface LibrariesOptions {
  readonly source: Questioned
  readonly target: Questioned
  readonly session: Pick<TargetSession, 'eachServer' | 'name'>
  /** Those that the target alone has go. */
  readonly deleteOthers: boolean
}

/** Makes the target's function libraries the source's; nothing where one side knows none (before 7.0). */
export async function carryLibraries({
  source,
  target,
  session,
  deleteOthers,
}: LibrariesOptions): Promise<void> {
  const [here, there] = await Promise.all([librariesOf(source), librariesOf(target)])
  if (here === null || there === null || compareLibraries(here, there) === 'equal') return
  const wanted = here.filter((library) => !there.includes(library)).map(partsOf)
  const names = new Set(here.map((library) => partsOf(library).name))
  const others = deleteOthers ? there.map(partsOf).filter(({ name }) => !names.has(name)) : []
  await session.eachServer(async (server) => {
    await using control = await openControl(server, { name: session.name })
    for (const { name } of others) await control.call('FUNCTION', 'DELETE', name)
    for (const { code } of wanted) await control.call('FUNCTION', 'LOAD', 'REPLACE', code)
  })
}

/** What `librariesOf` tells of a library. */
function partsOf(library: string): { readonly name: string; readonly code: string } {
  const [name, , code] = JSON.parse(library) as [string, string, string]
  return { name, code }
}
