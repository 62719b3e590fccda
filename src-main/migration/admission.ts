import { addressOf, placeOf, serversOf, type Reach } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { mostTasksAtOnce } from '#contract/task.ts'
import { kindOf, statesOf } from '#contract/task-states.ts'
import { guidedHolds } from './guided-backup/guided-holds.ts'
import type { RunServices } from './services.ts'
import type { TaskBody } from './task-record.ts'

/** Where it is written who holds which servers. */
type Holds = Pick<RunServices, 'book' | 'store'>

/**
 * Whether a task may begin to work beside those that do: `task.too-many` where this process has enough of them,
 * `task.instance-busy` where another task or move by backup holds one of its servers, whoever runs that.
 */
export function demandAdmission(holds: Holds, id: string): void {
  const { book } = holds
  const working = book.held.filter(
    (task) => task.id !== id && ['working', 'holding'].includes(kindOf(task.state)),
  )
  if (working.length >= mostTasksAtOnce) fail('task.too-many', { most: mostTasksAtOnce })
  demandFree(holds, book.get(id).body, id)
}

/** Fails with `task.instance-busy` where a task or move by backup, `except` one, holds a server of either side. */
export function demandFree(
  holds: Holds,
  { source, target }: Pick<TaskBody, 'source' | 'target'>,
  except: string,
): void {
  const holders = holdersOfServers(holds, { sources: serversOf(source), target }, except)
  if (holders.source !== null)
    fail('task.instance-busy', { address: addressOf(source), name: holders.source })
  if (holders.target !== null)
    fail('task.instance-busy', { address: addressOf(target), name: holders.target })
}

/** Who holds which servers, by the names of tasks and moves by backup. */
export interface Holders {
  readonly source: string | null
  readonly target: string | null
  /** By the run ids of servers that tasks have seen: one may be known by several addresses. */
  readonly byRunId: ReadonlyMap<string, string>
}

/**
 * The names of the tasks and moves by backup, `except` one, that hold servers of two sides. Begun and not over, each holds
 * all of its own, whether it runs or not: their settings and passwords may be its. A way back and its migration share them.
 */
export function holdersOfServers(
  { book, store }: Holds,
  { sources, target }: { readonly sources: readonly Reach[]; readonly target: Reach },
  except?: string,
): Holders {
  const holders = new Map<string, string>()
  const byRunId = new Map<string, string>()
  for (const { id: other, name, wayBack, wayBackOf } of book.standings(
    statesOf('working', 'holding', 'waiting'),
  )) {
    if (except !== undefined && [other, wayBack, wayBackOf].includes(except)) continue
    const { body, record } = book.get(other)
    for (const runId of record.runIds) byRunId.set(runId, name)
    for (const side of [body.source, body.target])
      for (const server of serversOf(side)) for (const named of namesOf(server)) holders.set(named, name)
  }
  for (const { id, name, servers } of guidedHolds(store))
    if (id !== except) for (const server of servers) holders.set(placeOf(server), name)
  const holdersOf = (servers: readonly Reach[]): string | null =>
    servers.flatMap(namesOf).flatMap((named) => holders.get(named) ?? [])[0] ?? null
  return { source: holdersOf(sources), target: holdersOf([target]), byRunId }
}

/** What a server goes by: its place, and what the cloud calls it, where a person has said: that may have several addresses. */
function namesOf(server: Reach): readonly string[] {
  const { instanceId } = server
  return [placeOf(server), ...(instanceId === undefined ? [] : [`instance ${instanceId}`])]
}
