import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import type { BackupProgress } from '#contract/backup.ts'
import { addressOf, keysOf, type Connection, type ServerFacts } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { GuidedProgress, GuidedStep, SideFigures } from '#contract/guided-backup.ts'
import { nameInput } from '#contract/input-name.ts'
import { restoreSpecSchema, type RestoreProgress } from '#contract/restore.ts'
import { comparisonUnderFreeze } from '#contract/verify.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { parseInfo } from '#engine/redis/info.ts'
import { probeServer } from '#engine/redis/probe.ts'
import type { JobRunner } from '#engine/worker/pool.ts'
import { freezeByHand } from '../freeze/by-hand.ts'
import { freezeSources } from '../freeze/freeze-sources.ts'
import type { FreezeJournal } from '../freeze/record.ts'
import { frozenConnection } from '../freeze/sign-in.ts'
import { WriteCounter } from '../freeze/write-counter.ts'
import { sourceNodes } from '../source-nodes.ts'
import { freezeNameOf, type GuidedBook, type GuidedRecord } from './guided-book.ts'

/** What a step is done with. */
export interface StepWork {
  readonly id: string
  readonly book: GuidedBook
  readonly jobs: JobRunner
  readonly freezes: FreezeJournal
  /** Where it is kept how far restores have come. */
  readonly restoresFolder: string
  /** The source as it was before it was frozen. */
  readonly source: () => Connection
  readonly target: () => Connection
  readonly order: { readonly byHand: boolean; readonly newPassword?: string | undefined }
  /** Paths and links as they were given. */
  readonly inputs: () => readonly string[]
  /** Keeps them, sealed. */
  readonly keepInputs: (inputs: readonly string[]) => void
  readonly signal: AbortSignal
}

/** Does a step, and tells which one is next. */
type Step = (work: StepWork) => Promise<GuidedStep>

/** Those that are done at the host's own hand; `hand-over` is a person's. */
export const guidedDeeds: Readonly<Record<Exclude<GuidedStep, 'file' | 'hand-over'>, Step>> = {
  async look({ id, book, source, target, signal }) {
    const [from, to] = await Promise.all([probeServer(source(), signal), probeServer(target(), signal)])
    book.change(id, { figures: { source: figuresOf(from), target: figuresOf(to) } })
    const { keys } = figuresOf(to)
    if (keys > 0) fail('target.not-empty', { address: to.address, keys, examples: '' })
    return 'freeze'
  },

  async freeze({ id, book, freezes, source, order, signal }) {
    const { byHand, newPassword } = order
    const request = {
      taskId: freezeNameOf(id),
      sources: [source()],
      journal: freezes,
      signal,
      ...(newPassword !== undefined && { newPassword }),
    }
    if (byHand) await freezeByHand({ ...request, onLook: (seen) => book.tell(id, { seen }) })
    else await freezeSources(request)
    return 'quiet'
  },

  async quiet({ id, book, signal, ...work }) {
    await untilQuiet(frozenOf({ id, book, ...work }), signal, (writesPerSecond) =>
      book.tell(id, { seen: { writesPerSecond, foreignClients: null } }),
    )
    return 'backup'
  },

  async backup(work) {
    const { id, book, jobs, keepInputs, signal } = work
    const spec = {
      sources: [frozenOf(work)],
      folder: folderOf(book.record(id), book.row(id).createdAt),
      kind: 'rdb' as const,
      force: true,
    }
    const { backups } = await jobs.run('backup', spec, {
      signal,
      onProgress: (progress) => book.tell(id, { progress: savedSoFar(progress) }),
    })
    book.change(id, { saved: backups })
    const fetched = backups.flatMap(({ file }) => file ?? [])
    if (fetched.length < backups.length) return 'file'
    keepInputs(fetched)
    return 'restore'
  },

  async restore({ id, book, jobs, restoresFolder, target, inputs, signal }) {
    const files = [...inputs()]
    book.change(id, { inputs: files.map(nameInput) })
    const spec = restoreSpecSchema.parse({
      files,
      target: target(),
      connections: 16,
      onConflict: 'fail',
      stateFolder: restoresFolder,
    })
    const { keysWritten, elapsedMs } = await jobs.run('restore', spec, {
      signal,
      onProgress: (progress) => book.tell(id, { progress: writtenSoFar(progress) }),
    })
    book.change(id, { restored: { keysWritten, elapsedMs } })
    return 'compare'
  },

  async compare(work) {
    const { id, book, jobs, target, signal } = work
    const source = frozenOf(work)
    const [from, to] = await Promise.all([probeServer(source, signal), probeServer(target(), signal)])
    book.change(id, { figures: { source: figuresOf(from), target: figuresOf(to) } })
    const proof = await jobs.run('verify', comparisonUnderFreeze(source, target()), {
      signal,
      onProgress: ({ keysDone, keysTotal }) =>
        book.tell(id, { progress: { unit: 'keys', done: keysDone, total: keysTotal } }),
    })
    book.change(id, { proof })
    return 'hand-over'
  },
}

function figuresOf(facts: ServerFacts): SideFigures {
  const { flavour, version, usedMemory, maxMemory } = facts
  return { flavour, version, usedMemory, maxMemory, keys: keysOf(facts) }
}

/** How the source lets us in while it is frozen. Fails with `freeze.not-frozen` where somebody has let it go. */
function frozenOf({ id, book }: Pick<StepWork, 'id' | 'book'>): Connection {
  const kept = book.frozen(id)
  if (kept === undefined) fail('freeze.not-frozen', { address: addressOf(book.record(id).source) })
  return frozenConnection(kept.record)
}

/** A move's own folder, so that nothing of another one is replaced. */
function folderOf({ folder }: GuidedRecord, createdAt: number): string {
  return join(folder, new Date(createdAt).toISOString().slice(0, 19).replaceAll(':', '-'))
}

const lookEveryMs = 500
const quietForMs = 2_000

/** Waits until no primary has executed a write for two seconds. */
async function untilQuiet(
  source: Connection,
  signal: AbortSignal,
  onLook: (writesPerSecond: number) => void,
): Promise<void> {
  const controls: Control[] = []
  try {
    for (const node of await sourceNodes([source], signal))
      controls.push(await openControl(node, { signal, name: 'kf:freeze:quiet' }))
    const counters = await Promise.all(controls.map((control) => WriteCounter.of(control)))
    for (let quietSince = Date.now(); ;) {
      const looks = await Promise.all(
        controls.map(async (control, at) =>
          counters[at]!.look(parseInfo(String(await control.call('INFO', 'commandstats')))),
        ),
      )
      onLook(looks.reduce((all, { writesPerSecond }) => all + writesPerSecond, 0))
      if (looks.some(({ wrote }) => wrote)) quietSince = Date.now()
      if (Date.now() - quietSince >= quietForMs) return
      await sleep(lookEveryMs, undefined, { signal }).catch(() => fail('job.cancelled'))
    }
  } finally {
    for (const control of controls) control.close()
  }
}

function savedSoFar({ sources }: BackupProgress): GuidedProgress {
  const totals = sources.map(({ bytesTotal }) => bytesTotal)
  return {
    unit: 'bytes',
    done: sources.reduce((all, { bytesDone }) => all + bytesDone, 0),
    total: totals.includes(null) ? null : totals.reduce<number>((all, one) => all + one!, 0),
  }
}

function writtenSoFar({ keysDone, keysTotal }: RestoreProgress): GuidedProgress {
  return { unit: 'keys', done: keysDone, total: keysTotal }
}
