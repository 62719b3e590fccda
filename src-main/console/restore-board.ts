import type { Answer } from '#contract/api.ts'
import type { RestoreNews, RestoreStanding, RestoreView } from '#contract/restore-view.ts'
import type { Bell } from '#engine/flow/bell.ts'
import { changesOf } from './only-changes.ts'

/** How often a watcher is told of mere figures at most. */
const tellEveryMs = 1_000

/**
 * How all restores stand: all of them at once, then those that have changed, until `signal` aborts. `all` gives the same
 * view for one that has not changed; `changed` rings where one may have. A step is told at once.
 */
export async function* restoreNews(
  all: () => readonly RestoreView[],
  changed: Bell,
  signal?: AbortSignal,
): AsyncGenerator<Answer<RestoreNews>, void, void> {
  const told = new Map<string, RestoreView>()
  let toldAt: number | null = null
  while (!signal?.aborted) {
    const others = all().filter((view) => told.get(view.id) !== view)
    const isStep = others.some((view) => isStepOf(told.get(view.id), view))
    const dueInMs = toldAt === null || isStep ? 0 : toldAt + tellEveryMs - Date.now()
    if (toldAt !== null && others.length === 0) await changed.wait(signal)
    else if (dueInMs > 0) await changed.wait(signal, dueInMs)
    else {
      const isWhole = toldAt === null
      const restores = others.map((view) => ({
        id: view.id,
        ...changesOf(standingOrNone(told.get(view.id)), standingOf(view)),
      }))
      const saysSomething = restores.filter((one) => Object.keys(one).length > 1)
      for (const view of others) told.set(view.id, view)
      toldAt = Date.now()
      if (isWhole || saysSomething.length > 0) yield { ok: { isWhole, restores: saysSomething } }
    }
  }
}

/** Whether one has come to what a person waits for: all that is no mere figure. */
export function isStepOf(before: RestoreView | undefined, now: RestoreView): boolean {
  return before?.state !== now.state || before.progress.phase !== now.progress.phase
}

function standingOrNone(view: RestoreView | undefined): Partial<RestoreStanding> {
  return view === undefined ? {} : standingOf(view)
}

function standingOf({ id, files, target, startedAt, state, progress, result }: RestoreView): RestoreStanding {
  const { phase, bytesDone, bytesTotal, keysDone, keysWritten, keysPerSecond, bytesPerSecond, elapsedMs } =
    progress
  return {
    id,
    files,
    target,
    startedAt,
    state,
    progress: {
      phase,
      bytesDone,
      bytesTotal,
      keysDone,
      keysWritten,
      keysPerSecond,
      bytesPerSecond,
      elapsedMs,
    },
    result: result && {
      keysWritten: result.keysWritten,
      keysSkipped: result.keysSkipped,
      keysFailed: result.keysFailed,
      elapsedMs: result.elapsedMs,
    },
  }
}
