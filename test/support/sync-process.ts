import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Connection } from '../../src-main/contract/connection.ts'
import type { Failure } from '../../src-main/contract/failure.ts'
import {
  syncSpecSchema,
  type SyncOrder,
  type SyncProgress,
  type SyncRequest,
  type SyncResult,
} from '../../src-main/contract/sync.ts'

/** What a sync in a process of its own says, one JSON object a line. */
export type SyncSays =
  { readonly progress: SyncProgress } | { readonly result: SyncResult } | { readonly failure: Failure }

export interface SyncProcess {
  readonly pid: number
  /** The newest. */
  readonly progress: SyncProgress | null
  readonly failure: Failure | null
  give(order: SyncOrder): void
  /** Resolves when the newest progress meets `met`; rejects after `limitMs`, or when the process ends before. */
  until(met: (progress: SyncProgress) => boolean, limitMs?: number): Promise<SyncProgress>
  /** Resolves with the result; rejects when there is none. */
  readonly done: Promise<SyncResult>
  kill9(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const entry = fileURLToPath(new URL('./sync-main.ts', import.meta.url))

/** What is asked of a sync, with one source in short. */
export type SyncAsked = Omit<SyncRequest, 'sources'> &
  ({ readonly source: Connection } | { readonly sources: readonly Connection[] })

/** Runs a sync in a process of its own, so that it can be killed like one. */
export function startSync(asked: SyncAsked): SyncProcess {
  const spec = syncSpecSchema.parse(
    'source' in asked ? (({ source, ...rest }) => ({ ...rest, sources: [source] }))(asked) : asked,
  )
  const child = spawn(process.execPath, [entry, JSON.stringify(spec)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let progress: SyncProgress | null = null
  let failure: Failure | null = null
  let result: SyncResult | null = null
  const listeners = new Set<() => void>()
  const wake = (): void => {
    for (const listener of listeners) listener()
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  void ended.then(wake)
  createInterface(child.stdout).on('line', (line) => {
    const said = JSON.parse(line) as SyncSays
    if ('progress' in said) progress = said.progress
    else if ('result' in said) result = said.result
    else failure = said.failure
    wake()
  })
  const done = ended.then(() => {
    if (result === null) throw new Error(`the sync ended without a result: ${JSON.stringify(failure)}`)
    return result
  })
  done.catch(() => undefined)

  return {
    pid: child.pid!,
    get progress() {
      return progress
    },
    get failure() {
      return failure
    },
    give: (order) => void child.stdin.write(`${JSON.stringify(order)}\n`),
    done,
    until: (met, limitMs = 120_000) =>
      new Promise((resolve, reject) => {
        const end = (settle: () => void): void => {
          clearTimeout(timer)
          listeners.delete(look)
          settle()
        }
        const look = (): void => {
          const now = progress
          if (now !== null && met(now)) end(() => resolve(now))
          else if (child.exitCode !== null || child.signalCode !== null)
            end(() => reject(new Error(`the sync has ended: ${JSON.stringify(failure)}`)))
        }
        const timer = setTimeout(
          () => end(() => reject(new Error(`waited too long; last: ${JSON.stringify(progress)}`))),
          limitMs,
        )
        listeners.add(look)
        look()
      }),
    async kill9() {
      child.kill('SIGKILL')
      await ended
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
