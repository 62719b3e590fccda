import { randomUUID } from 'node:crypto'
import type { Answer } from '#contract/api.ts'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, makeFailure } from '#contract/failure.ts'
import {
  guidedBackupInputSchema,
  guidedOrderSchema,
  guidedSteps,
  type GuidedBackupInput,
  type GuidedBackupView,
  type GuidedOrder,
  type GuidedStep,
} from '#contract/guided-backup.ts'
import { nameInput } from '#contract/input-name.ts'
import type { Passwords } from '#contract/profile.ts'
import { demandFree } from '../admission.ts'
import { keptOfSaved, nothingKept } from '../connections.ts'
import { connectionsOf, keepEndpoint } from '../endpoint.ts'
import { unfreezeWrites } from '../freeze/unfreeze.ts'
import type { SecretBox } from '../secrets.ts'
import type { RunServices } from '../services.ts'
import { GuidedBook, tellable, type GuidedRecord } from './guided-book.ts'
import { guidedDeeds, type StepWork } from './guided-steps.ts'

/**
 * Moves by backup, step by step. They are kept: one whose process has ended goes on at the step it stood at. Refusals
 * are `guided-backup.*`, `task.*` and `store.*` failures; why a step was not done is told by its view.
 */
export interface GuidedBackups extends AsyncDisposable {
  /** Newest first. */
  list(): readonly GuidedBackupView[]
  get(id: string): GuidedBackupView
  /** Keeps one, and begins to look at both sides. */
  create(input: GuidedBackupInput, passwords?: Passwords): GuidedBackupView
  /** Begins the step it stands at, and those after it that need nobody; one that is under way goes on as it is. */
  proceed(id: string, order: GuidedOrder): GuidedBackupView
  /** Resolves when what was under way has ended; what is frozen stays frozen. */
  cancel(id: string): Promise<GuidedBackupView>
  /** Puts password and users of the source back; what was not done yet begins anew. */
  unfreeze(id: string): Promise<GuidedBackupView>
  /** Forgets it; refused while its source is frozen. */
  remove(id: string): void
  /** The newest view at once, then on every change, until it is removed or `signal` aborts. */
  watch(id: string, signal?: AbortSignal): AsyncGenerator<Answer<GuidedBackupView>, void, void>
}

const untouched = {
  step: 'look',
  isDone: false,
  failure: null,
  saved: [],
  inputs: [],
  restored: null,
  proof: null,
} as const satisfies Partial<GuidedRecord>

/** Whether a step has been done. */
function isBehind(step: GuidedStep, view: GuidedBackupView): boolean {
  return view.state === 'done' || guidedSteps.indexOf(step) < guidedSteps.indexOf(view.step)
}

type OwnStep = keyof typeof guidedDeeds

/** Of the host's own steps those that no person has to begin. */
const bySelf: ReadonlySet<GuidedStep> = new Set<OwnStep>(['look', 'quiet', 'backup', 'compare'])

type Services = Pick<RunServices, 'store' | 'book' | 'jobs' | 'freezes'>

export function createGuidedBackups(
  services: Services,
  box: SecretBox,
  restoresFolder: string,
): GuidedBackups {
  const { store, jobs, freezes } = services
  const book = new GuidedBook(store.guidedBackups, freezes)
  const underWay = new Map<string, { readonly ending: AbortController; readonly ended: Promise<void> }>()
  /** What was typed for one, until this process ends. */
  const typed = new Map<string, Passwords>()

  const reach = (id: string, side: 'source' | 'target'): Connection => {
    const row = book.row(id)
    const secret = side === 'source' ? row.sourceSecret : row.targetSecret
    return connectionsOf(book.record(id)[side], secret, box, side, typed.get(id))[0]
  }

  const keepInputs = (id: string, inputs: readonly string[]): void =>
    book.change(id, { inputs: inputs.map(nameInput) }, { inputsSecret: box.seal(JSON.stringify(inputs)) })

  const workOn = (id: string, order: StepWork['order'], signal: AbortSignal): StepWork => ({
    id,
    book,
    jobs,
    freezes,
    restoresFolder,
    source: () => reach(id, 'source'),
    target: () => reach(id, 'target'),
    order,
    inputs: () => {
      const { inputsSecret } = book.row(id)
      return inputsSecret === null ? [] : (JSON.parse(box.open(inputsSecret)) as readonly string[])
    },
    keepInputs: (inputs) => keepInputs(id, inputs),
    signal,
  })

  const run = async (work: StepWork): Promise<void> => {
    const { id } = work
    try {
      for (let step = book.record(id).step; step in guidedDeeds;) {
        book.tell(id, { progress: null, seen: null })
        step = await guidedDeeds[step as OwnStep](work)
        book.change(id, { step, failure: null })
        if (!bySelf.has(step)) break
      }
    } catch (thrown) {
      const failure = tellable(thrown)
      // An end that was asked for is no failure.
      book.noteEnd(id, failure.code === 'job.cancelled' ? null : failure)
    } finally {
      book.release(id)
      underWay.delete(id)
    }
  }

  const begin = (id: string, order: StepWork['order']): GuidedBackupView => {
    book.hold(id)
    const ending = new AbortController()
    // After the answer: whoever asked is told that it has begun.
    const ended = Promise.resolve().then(() => run(workOn(id, order, ending.signal)))
    underWay.set(id, { ending, ended })
    return book.view(id)
  }

  /** The passwords it needs are there, and no task or other move holds its servers. */
  const demand = (id: string): void => {
    if (book.frozen(id) === undefined) reach(id, 'source')
    reach(id, 'target')
    demandFree(services, book.record(id), id)
  }

  const unfreeze = async (id: string): Promise<void> => {
    const kept = book.frozen(id)
    if (kept === undefined) return
    book.hold(id)
    try {
      await unfreezeWrites({ kept, journal: freezes })
    } finally {
      book.release(id)
    }
  }

  const handOver = (id: string, { afterwards, consent }: GuidedOrder): GuidedBackupView => {
    const { proof, target } = book.record(id)
    const to = addressOf(target)
    if (afterwards === undefined) fail('usage.invalid', { field: 'afterwards' })
    if (proof?.equal !== true && consent !== to)
      fail('task.consent-needed', { reason: 'differences', target: to })
    if (afterwards === 'leave-frozen') {
      book.change(id, { isDone: true, failure: null })
      return book.view(id)
    }
    book.change(id, { failure: null })
    const ended = unfreeze(id)
      .then(() => book.change(id, { isDone: true }))
      .catch((thrown: unknown) => book.noteEnd(id, tellable(thrown)))
      .finally(() => underWay.delete(id))
    // Nobody ends it before it has been done.
    underWay.set(id, { ending: new AbortController(), ended })
    return book.view(id)
  }

  return {
    list: () => book.list(),
    get: (id) => book.view(id),

    create(request, passwords) {
      const input = guidedBackupInputSchema.parse(request)
      const source = keepEndpoint(input.source, keptOfSaved(store, input.source) ?? nothingKept, box)
      const target = keepEndpoint(input.target, keptOfSaved(store, input.target) ?? nothingKept, box)
      const id = randomUUID()
      const now = Date.now()
      const record: GuidedRecord = {
        ...untouched,
        source: source.view ?? fail('usage.invalid', { field: 'source' }),
        target: target.view ?? fail('usage.invalid', { field: 'target' }),
        folder: input.folder,
        figures: { source: null, target: null },
      }
      book.put({
        id,
        body: JSON.stringify(record),
        sourceSecret: source.secret,
        targetSecret: target.secret,
        inputsSecret: null,
        ownerPid: null,
        ownerSeenAt: null,
        createdAt: now,
        updatedAt: now,
      })
      if (passwords !== undefined) typed.set(id, passwords)
      try {
        demand(id)
        return begin(id, { byHand: false })
      } catch (thrown) {
        // It is kept, and can be gone on with.
        book.noteEnd(id, tellable(thrown))
        return book.view(id)
      }
    },

    proceed(id, request) {
      const order = guidedOrderSchema.parse(request)
      const view = book.view(id)
      // Two consoles may both have pressed it.
      if (view.state === 'running' || isBehind(order.step, view)) return view
      if (order.step !== view.step) fail('guided-backup.wrong-step', { step: view.step })
      if (!view.actions.includes('proceed')) fail('guided-backup.wrong-step', { step: view.step })
      if (order.passwords !== undefined) typed.set(id, { ...typed.get(id), ...order.passwords })
      if (view.step === 'hand-over') return handOver(id, order)
      if ((view.step === 'file' || view.step === 'backup') && order.inputs !== undefined) {
        keepInputs(id, order.inputs)
        book.change(id, { step: 'restore', failure: null })
        return book.view(id)
      }
      if (view.step === 'file') fail('usage.invalid', { field: 'inputs' })
      demand(id)
      return begin(id, order)
    },

    async cancel(id) {
      const work = underWay.get(id)
      work?.ending.abort()
      await work?.ended
      return book.view(id)
    },

    async unfreeze(id) {
      const { state, actions } = book.view(id)
      if (!actions.includes('unfreeze')) fail('freeze.not-frozen', {})
      await unfreeze(id)
      // After the hand-over that is all; before it, what is written from now on is in no backup.
      if (state !== 'done') book.change(id, untouched, { inputsSecret: null })
      return book.view(id)
    },

    remove(id) {
      const { actions, step } = book.view(id)
      if (!actions.includes('remove')) fail('guided-backup.wrong-step', { step })
      book.remove(id)
      typed.delete(id)
    },

    async *watch(id, signal) {
      try {
        for await (const view of book.watch(id, signal)) yield { ok: view }
        if (signal?.aborted !== true) yield { failed: makeFailure('guided-backup.not-found', { id }) }
      } catch (thrown) {
        yield { failed: tellable(thrown) }
      }
    },

    async [Symbol.asyncDispose]() {
      for (const { ending } of underWay.values()) ending.abort()
      await Promise.all([...underWay.values()].map(({ ended }) => ended))
      book[Symbol.dispose]()
    },
  }
}
