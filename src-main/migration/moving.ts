import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, toFailure } from '#contract/failure.ts'
import { deleteMoved, type Moved } from '#engine/flow/delete-moved.ts'
import { frozenConnection } from './freeze/sign-in.ts'
import { sourceNodes } from './source-nodes.ts'
import type { RunServices } from './services.ts'
import type { Task } from './task-record.ts'

/**
 * Whether the keys of a task's source may be deleted: its address was typed, and every value was proven equal under a
 * freeze of ours that stands.
 */
export function demandMovable({ freezes }: Pick<RunServices, 'freezes'>, task: Task, typed: string): void {
  const address = addressOf(task.body.source)
  const { freeze, proof } = task.record
  if (typed !== address) fail('task.move-consent', { source: address })
  const proven =
    freeze.state === 'frozen' &&
    freezes.open(task.id).every(({ record }) => !record.byHand) &&
    proof?.mode === 'full' &&
    proof.underFreeze &&
    !proof.void &&
    proof.result?.equal === true
  if (!proven) fail('task.move-unproven', { source: address })
}

/**
 * Deletes from the source what has been moved, while it is still frozen. Once begun a task cannot be resumed: it is on
 * disk before the first key goes. What could not be deleted stays, and is told; the migration ends all the same.
 */
export async function moveAway(
  { book, freezes }: RunServices,
  id: string,
  target: Connection,
): Promise<void> {
  book.change(id, { moving: true })
  let moved: Moved = { deleted: 0, kept: 0 }
  try {
    const kept = freezes.open(id)
    if (kept.length === 0) fail('task.move-unproven', { source: addressOf(book.get(id).body.source) })
    for (const source of await sourceNodes(kept.map(({ record }) => frozenConnection(record)))) {
      const before = moved
      await deleteMoved(source, target, id, ({ deleted, kept: left }) => {
        moved = { deleted: before.deleted + deleted, kept: before.kept + left }
      })
    }
    book.tell(id, moved.kept > 0 ? 'warning' : 'info', 'move.done', { ...moved })
  } catch (thrown) {
    book.tell(id, 'error', 'move.ended', { ...moved, code: toFailure(thrown).code })
  }
}
