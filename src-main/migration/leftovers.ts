import { toFailure } from '#contract/failure.ts'
import { isUnderWay, kindOf } from '#contract/task-states.ts'
import { giveTargetBack, putEverythingBack, type TellFailed } from './conclusion.ts'
import { lockedTasks } from './target-lock.ts'
import type { Ends } from './endpoint.ts'
import type { RunServices } from './services.ts'
import { settleLost } from './way-back.ts'

const eventsLooked = 50

/**
 * What could not be put back when a task ended is tried again; what still cannot stays in the journal. Why is told once, however
 * often that is tried.
 */
export async function putLeftoversBack(services: RunServices, endsOf: (id: string) => Ends): Promise<void> {
  const { store, book } = services
  const tellOnce =
    (id: string): TellFailed =>
    (failure) => {
      const told = JSON.stringify({ ...failure.params, code: failure.code })
      const isTold = store.events
        .newest(id, eventsLooked)
        .some(({ code, params }) => code === 'task.failed' && JSON.stringify(params) === told)
      if (!isTold) book.tellFailed(id, failure)
    }
  await settleLost(services)
  for (const id of lockedTasks(services)) {
    const locksNoMore =
      store.tasks.find(id) !== undefined && ['over', 'kept'].includes(kindOf(book.get(id).state))
    if (locksNoMore) await giveTargetBack(services, id, tellOnce(id))
  }
  const left = new Set(store.journal.open('setting').map(({ taskId }) => taskId))
  for (const id of left) {
    if (store.tasks.find(id) === undefined) continue
    const { state, record } = book.get(id)
    if (isUnderWay(state) || state === 'way-back' || record.freeze.state === 'left') continue
    try {
      const ends = endsOf(id)
      book.hold(id)
      await putEverythingBack(services, id, ends, tellOnce(id))
    } catch (thrown) {
      tellOnce(id)(toFailure(thrown))
    } finally {
      book.release(id)
    }
  }
}
