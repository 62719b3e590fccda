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
  if (task.body.options.rules !== undefined) fail('task.move-by-rules', { source: address })
  if (typed !== address) fail('task.move-consent', { source: address })
  demandProven({ freezes }, task)
}

function demandProven({ freezes }: Pick<RunServices, 'freezes'>, { id, body, record }: Task): void {
  const { freeze, proof } = record
  const kept = freezes.open(id)
  const proven =
    freeze.state === 'frozen' &&
    kept.length > 0 &&
    kept.every((one) => !one.record.byHand) &&
    proof?.mode === 'full' &&
    proof.underFreeze &&
    !proof.void &&
    proof.result?.equal === true
  if (!proven) fail('task.move-unproven', { source: addressOf(body.source) })
}

/**
 * Deletes from the source what has been moved, while it is still frozen: a freeze that broke since its address was typed
 * keeps every key. Once begun a task cannot be resumed: it is on disk before the first key goes. What could not be deleted
 * stays, and is told; the migration ends all the same.
 */
export async function moveAway(
  { book, freezes }: RunServices,
  id: string,
  target: Connection,
): Promise<void> {
  let moved: Moved = { deleted: 0, kept: 0 }
  try {
    demandProven({ freezes }, book.get(id))
    book.change(id, { moving: true })
    const kept = freezes.open(id)
    for (const source of await sourceNodes(kept.map(({ record }) => frozenConnection(record)))) {
      const before = moved
      await deleteMoved(source, target, id, ({ deleted, kept: left }) => {
        moved = { deleted: before.deleted + deleted, kept: before.kept + left }
      })
    }
    book.tell(id, moved.kept > 0 ? 'warning' : 'info', 'move.done', { ...moved })
  } catch (thrown) {
    const { code, params } = toFailure(thrown)
    book.tell(id, 'error', 'move.ended', { ...params, ...moved, code })
  }
}
