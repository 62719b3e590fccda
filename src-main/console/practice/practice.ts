import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection } from '#contract/connection.ts'
import type { PracticeView } from '#contract/practice.ts'
import { defaultProfileOptions, type EndpointInput } from '#contract/profile.ts'
import { freeName } from '#contract/profile-file.ts'
import type { Profiles } from '#migration/profiles.ts'
import type { Tasks } from '#migration/tasks.ts'
import { accountsOf } from './accounts.ts'
import { startLiveWriters } from './live-writers.ts'
import { requireServerProgram, startLocalServer } from './local-server.ts'
import { fillWithSampleData } from './sample-data.ts'

/** The practice servers of a host: one pair at most, whatever console asks. */
export interface Practice extends AsyncDisposable {
  view(): PracticeView
  /**
   * Starts both servers, fills one, has applications write to it, and saves a migration between them under `name`.
   * Where they run already they are told as they are. Fails with `usage.missing-prerequisite`.
   */
  start(name: string): Promise<PracticeView>
  /** Gives up what is under way between them, ends them and removes all that was made for them. */
  stop(): Promise<PracticeView>
}

type Running = NonNullable<PracticeView['running']>

export function createPractice(profiles: Profiles, tasks: Tasks): Practice {
  let running: Running | null = null
  /** What ends what runs: the last thing begun ends first. */
  let endings: (() => unknown)[] = []
  /** What was asked for last: one deed at a time. */
  let last: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(deed: () => Promise<T>): Promise<T> => {
    const next = last.then(deed, deed)
    last = next.catch(() => undefined)
    return next
  }

  const begin = async (name: string): Promise<Running> => {
    const program = requireServerProgram()
    const open = <T extends AsyncDisposable>(one: T): T => {
      endings.push(() => one[Symbol.asyncDispose]())
      return one
    }
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-practice-'))
    const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    process.on('exit', remove)
    endings.push(() => {
      process.off('exit', remove)
      remove()
    })
    const secret = (): string => randomBytes(12).toString('hex')
    const source = open(await startLocalServer(program, join(folder, 'source'), secret()))
    const target = open(await startLocalServer(program, join(folder, 'target'), secret()))
    const { keys } = await fillWithSampleData(source.control, program.major)
    open(await startLiveWriters(await accountsOf(source, program.major)))
    const taken = new Set(profiles.list().map((profile) => profile.name))
    const { id: profileId } = profiles.save({
      name: freeName(name, taken),
      source: endpointOf(source.connection),
      target: endpointOf(target.connection),
      options: defaultProfileOptions,
    })
    endings.push(() => forget(profileId, tasks, profiles))
    return { profileId, version: program.version, sourcePort: source.port, targetPort: target.port, keys }
  }

  const end = async (): Promise<void> => {
    running = null
    const all = endings.reverse()
    endings = []
    for (const one of all) await one()
  }

  return {
    view: () => ({ running }),
    start: (name) =>
      inTurn(async () => {
        try {
          running ??= await begin(name)
          return { running }
        } catch (thrown) {
          await end()
          throw thrown
        }
      }),
    stop: () =>
      inTurn(async () => {
        await end()
        return { running }
      }),
    [Symbol.asyncDispose]: () => inTurn(end),
  }
}

/** Its finished runs stay in the history. */
async function forget(profileId: string, tasks: Tasks, profiles: Profiles): Promise<void> {
  for (const { id, actions } of tasks.board().open.filter((task) => task.profileId === profileId))
    if (actions.includes('remove')) tasks.remove(id)
    else if (actions.includes('stop')) await tasks.stop(id).catch(() => undefined)
  // What could not be stopped keeps it, and can be seen.
  if (tasks.board().open.every((task) => task.profileId !== profileId)) profiles.remove(profileId)
}

function endpointOf({ host, port, password }: Connection): EndpointInput {
  return { host, port, password: password ?? null }
}
