import type { Connection } from '#contract/connection.ts'
import { openControl } from '#engine/redis/control.ts'
import { sourceNodes } from './source-nodes.ts'
import type { Difference } from '#contract/difference.ts'
import type { DifferencePage, DifferenceQuery, DifferencesForm } from '#contract/difference-page.ts'
import type { KeySight, SightPart } from '#contract/sight.ts'
import type { TextFile } from '#contract/text-file.ts'
import { differencesFile, keyOf, pageOf } from './difference-list.ts'
import type { Ends } from './endpoint.ts'
import { asFrozen } from './freeze/sign-in.ts'
import type { RunServices } from './services.ts'

/** What the newest comparison of a task has found. */
export interface TaskDifferences {
  differences(id: string, query: DifferenceQuery): DifferencePage
  differencesFile(id: string, form: DifferencesForm): TextFile
  /** One of them on both servers as they are now. `at`: its place among all. Fails as `connectionOf` does. */
  look(id: string, at: number, part: SightPart, signal?: AbortSignal): Promise<KeySight>
}

export function taskDifferences(
  { store, book, jobs, freezes }: RunServices,
  endsOf: (id: string) => Ends,
): TaskDifferences {
  /** All of those that were asked for last: one who seeks goes on to seek. */
  let last: { readonly id: string; readonly startedAt: number; readonly all: readonly Difference[] } | null =
    null

  const allOf = (id: string): readonly Difference[] => {
    const startedAt = book.get(id).record.proof?.startedAt ?? 0
    if (last?.id !== id || last.startedAt !== startedAt)
      last = { id, startedAt, all: store.differences.of(id) }
    return last.all
  }

  return {
    differences(id, query) {
      const { kind, text, from, limit } = query
      if (kind !== undefined || text !== '') return pageOf(allOf(id), query)
      const rows = store.differences.page(id, from, limit).map((one, at) => ({ ...one, at: from + at }))
      return { total: store.differences.count(id), rows }
    },
    differencesFile: (id, form) => differencesFile(allOf(id), form),
    async look(id, at, part, signal) {
      const key = keyOf(store.differences.page(id, at, 1)[0])
      const { sources, target } = endsOf(id)
      const source = await holderOf(asFrozen(sources, freezes.open(id)), key, signal)
      return await jobs.run('sight', { source, target, ...key, part }, { ...(signal && { signal }) })
    },
  }
}

/** Of several sources the first that has a key; where none has, the first of all. */
async function holderOf(
  sources: readonly Connection[],
  { db, key }: { readonly db: number; readonly key: string },
  signal: AbortSignal | undefined,
): Promise<Connection> {
  if (sources.length === 1) return sources[0]!
  for (const node of await sourceNodes(sources, signal)) {
    await using control = await openControl(node, { signal, name: 'kf:look' })
    const [, held] = await Promise.all([
      control.call('SELECT', db),
      control.call('EXISTS', Buffer.from(key, 'base64')).catch(() => 0),
    ])
    if (held === 1) return node
  }
  return sources[0]!
}
