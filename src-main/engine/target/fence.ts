import { setTimeout as sleep } from 'node:timers/promises'
import { fail, FailureError } from '#contract/failure.ts'
import type { Control } from '../redis/control.ts'

const tries = 100

/** The name that every connection of one attempt to work on a target bears: `kf:<task>:<run>.<attempt>`. */
export function connectionName(task: string, run: string, attempt: number): string {
  return `${taskPrefix(task)}${run}.${attempt}`
}

/** Of the connection that looks who else is at a target: it writes nothing there, and is not fenced off. */
export function guardName(task: string): string {
  return `${taskPrefix(task)}guard`
}

/** Does the target know a connection of this run? */
export async function hasConnections(control: Control, task: string, run: string): Promise<boolean> {
  const prefix = `${taskPrefix(task)}${run}.`
  return (await listConnections(control)).some(({ name }) => name.startsWith(prefix))
}

/**
 * Closes every connection of the task but those named `own` and its guard, and sees them gone: bytes of an earlier run, or of
 * a link given up, that are still on their way must not arrive after the checkpoint has been read. Resolves
 * with how many there were.
 */
export async function fence(control: Control, task: string, own: string): Promise<number> {
  return await closeNamed(control, taskPrefix(task), [own, guardName(task)])
}

/** The same for the links of one shard alone, whose names begin with `prefix`. */
export async function fenceShard(control: Control, prefix: string): Promise<number> {
  return await closeNamed(control, prefix, [])
}

async function closeNamed(control: Control, prefix: string, spared: readonly string[]): Promise<number> {
  let closed = 0
  for (let turn = 0; turn < tries; turn += 1) {
    const strangers = (await listConnections(control)).filter(
      ({ name }) => name.startsWith(prefix) && !spared.includes(name),
    )
    if (strangers.length === 0) return closed
    for (const { id, address } of strangers) if (await kill(control, id, address)) closed += 1
    if (turn > 2) await sleep(20)
  }
  return fail('target.gave-up', { address: control.address })
}

function taskPrefix(task: string): string {
  return `kf:${task}:`
}

interface ListedConnection {
  readonly id: string | null
  readonly address: string
  readonly name: string
}

async function listConnections(control: Control): Promise<readonly ListedConnection[]> {
  const listed = await control.call('CLIENT', 'LIST')
  if (typeof listed !== 'string') return []
  return listed.split('\n').flatMap((line) => {
    const fields = new Map(line.split(' ').map((pair) => splitOnce(pair)))
    const address = fields.get('addr')
    return address === undefined
      ? []
      : [{ id: fields.get('id') ?? null, address, name: fields.get('name') ?? '' }]
  })
}

/** CLIENT KILL by id from 2.8.12; before, by address alone. False where it had gone by itself. */
async function kill(control: Control, id: string | null, address: string): Promise<boolean> {
  try {
    const killed = await (id === null
      ? control.call('CLIENT', 'KILL', address)
      : control.call('CLIENT', 'KILL', 'ID', id))
    return killed === 'OK' || killed === 1
  } catch (thrown) {
    if (thrown instanceof FailureError && thrown.failure.code === 'server.refused') return false
    throw thrown
  }
}

function splitOnce(pair: string): [string, string] {
  const equals = pair.indexOf('=')
  return [pair.slice(0, equals), pair.slice(equals + 1)]
}
