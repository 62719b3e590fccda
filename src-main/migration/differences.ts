import type { Connection } from '#contract/connection.ts'
import type { Difference } from '#contract/difference.ts'
import type { DifferencePage, DifferenceQuery, DifferencesForm } from '#contract/difference-page.ts'
import type { KeySight, SightPart } from '#contract/sight.ts'
import type { TextFile } from '#contract/text-file.ts'
import { differencesFile, keyAt, pageOf } from './difference-list.ts'
import { frozenConnection } from './freeze/sign-in.ts'
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
  endsOf: (id: string) => { readonly source: Connection; readonly target: Connection },
): TaskDifferences {
  /** Those that were asked for last: a list is scrolled page by page. */
  let last: { readonly id: string; readonly startedAt: number; readonly all: readonly Difference[] } | null =
    null

  const allOf = (id: string): readonly Difference[] => {
    const startedAt = book.get(id).record.proof?.startedAt ?? 0
    if (last?.id !== id || last.startedAt !== startedAt)
      last = { id, startedAt, all: store.differences.of(id) }
    return last.all
  }

  return {
    differences: (id, query) => pageOf(allOf(id), query),
    differencesFile: (id, form) => differencesFile(allOf(id), form),
    async look(id, at, part, signal) {
      const key = keyAt(allOf(id), at)
      const { source, target } = endsOf(id)
      const frozen = freezes.open(id)[0]
      const reached = frozen === undefined ? source : frozenConnection(frozen.record)
      return await jobs.run('sight', { source: reached, target, ...key, part }, { ...(signal && { signal }) })
    },
  }
}
