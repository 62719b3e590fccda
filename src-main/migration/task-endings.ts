import { addressOf } from '#contract/connection.ts'
import { commandLeft } from '#contract/cutover-command.ts'
import { fail, toFailure } from '#contract/failure.ts'
import { turnedRound, type Passwords } from '#contract/profile.ts'
import type { Ending, TaskView } from '#contract/task.ts'
import { isOver } from '#contract/task-states.ts'
import { demandConsent } from './command-consent.ts'
import { conclude, demandStillFrozen, endPause, giveSettingsBack, giveUp } from './conclusion.ts'
import { tellCutover } from './cutover-command.ts'
import { commandOfEnd, contradicts, endingOf } from './ending.ts'
import type { Ends } from './endpoint.ts'
import { demandMovable, moveAway } from './moving.ts'
import { removeOwnKeys } from './own-keys.ts'
import type { MigrationRun } from './run.ts'
import type { RunServices } from './services.ts'
import type { TaskRuns } from './task-runs.ts'
import type { FinishRequest } from './tasks.ts'
import { becomeKept, demandWayBack, endsNow, makeWayBack, settleWayBack, untilOpen } from './way-back.ts'

/** How tasks end: finished, with or without a way back, or given up. */
export class TaskEndings {
  readonly #services: RunServices
  readonly #runs: TaskRuns
  /** The ends that have been begun in this process, as they were chosen. */
  readonly #chosen = new Map<string, Ending>()

  constructor(services: RunServices, runs: TaskRuns) {
    this.#services = services
    this.#runs = runs
  }

  /** Ends it, or waits for the same end that is under way; fails with `task.other-ending` where that is another one. */
  async finish(id: string, request: FinishRequest): Promise<TaskView> {
    const already = this.#begun(id)
    if (already !== null && contradicts(already, request)) fail('task.other-ending')
    return await this.#runs.once(id, 'finish', () => this.#finish(id, request))
  }

  /** Runs the plan's command where a way back is open and it has not done its work yet. */
  async runCommandLeft(id: string, passwords?: Passwords): Promise<TaskView> {
    const { book, store } = this.#services
    const words =
      commandLeft(book.view(id)) ?? fail('task.wrong-state', { state: book.get(id).state, action: 'command' })
    demandConsent(store, words)
    return await this.#runs.holding(id, async () => void (await this.#runCommand(id, words, true, passwords)))
  }

  /** Gives up a task; of one whose end was cut short, the way back as well. */
  async endForGood(id: string, passwords?: Passwords): Promise<void> {
    const run = this.#runs.of(id)
    if (run !== undefined) {
      await run.stop()
      this.#runs.forget(id)
      return
    }
    const ends = this.#runs.endsOf(id, passwords)
    await this.#runs.holding(id, async () => {
      const { wayBack } = this.#services.book.get(id).record
      if (wayBack !== null) await this.#dropWayBack(id, wayBack, passwords)
      // A server that is gone for ever keeps nobody from giving up.
      await giveUp(this.#services, id, await endsNow(this.#services, id, ends).catch(() => ends))
    })
  }

  /** The end that is under way already; null where none is. */
  #begun(id: string): Ending | null {
    if (this.#runs.isUnderWay(id, 'finish')) return this.#chosen.get(id) ?? null
    return this.#runs.joined(id, 'finish')?.ending ?? null
  }

  async #finish(id: string, request: FinishRequest): Promise<TaskView> {
    const { book } = this.#services
    const begun = this.#runs.joined(id, 'finish')
    if (begun !== null) return begun
    this.#runs.demand(id, 'finish')
    await this.#runs.of(id)?.lookAtTarget()
    this.#runs.demand(id, 'finish')
    const view = book.view(id)
    this.#demandAgreement(view, request)
    const ending = endingOf(view, request)
    this.#chosen.set(id, ending)
    const tell = this.#commandAtEnd(id, request)
    if (ending.wayBack) {
      if (view.finishNeedsConsent === 'not-frozen') fail('freeze.not-frozen', { address: view.from })
      await demandWayBack(id, this.#runs.endsOf(id, request.passwords))
    }
    const run = this.#runs.of(id)
    if (run === undefined) await this.#finishWithoutRun(view, ending, tell, request.passwords)
    else await this.#finishRun(id, run, ending, tell)
    if (ending.wayBack) await this.#runs.holding(id, tell)
    return book.view(id)
  }

  /** What must be typed out has been. */
  #demandAgreement(view: TaskView, { consent, deleteSource }: FinishRequest): void {
    const { book } = this.#services
    const { id, finishNeedsConsent: reason } = view
    const target = addressOf(view.target)
    if (deleteSource !== undefined) demandMovable(this.#services, book.get(id), deleteSource)
    if (reason === null) return
    if (consent !== target) fail('task.consent-needed', { reason, target })
    book.tell(id, 'warning', 'task.consented', { reason })
  }

  async #finishRun(id: string, run: MigrationRun, ending: Ending, tell: () => Promise<void>): Promise<void> {
    if (!ending.wayBack) {
      await tell()
      this.#runs.demand(id, 'finish')
    }
    await run.finish(ending, (ends) => this.#openWayBack(id, ends))
    this.#runs.forget(id)
  }

  /** The sync itself has ended, or was cut short while it did. */
  async #finishWithoutRun(
    { id, concluding, wayBackOf }: TaskView,
    ending: Ending,
    tell: () => Promise<void>,
    passwords: Passwords | undefined,
  ): Promise<void> {
    const services = this.#services
    const { book } = services
    const ends = await endsNow(services, id, this.#runs.endsOf(id, passwords))
    await this.#runs.holding(id, async () => {
      await demandStillFrozen(services, id)
      if (!ending.wayBack && !concluding) await tell()
      book.become(id, 'finishing', { failure: null, ending })
      try {
        await removeOwnKeys(ends.target, id)
        if (ending.wayBack && (await this.#openWayBack(id, ends))) {
          becomeKept(services, id)
          return
        }
        if (wayBackOf !== null) {
          await giveSettingsBack(services, id, ends)
          await settleWayBack(services, wayBackOf, 'rolled-back')
        }
        endPause(services, id, 'finished')
      } catch (thrown) {
        book.become(id, 'failed', { failure: toFailure(thrown) })
        throw thrown
      }
      if (ending.moving) await moveAway(services, id, ends.target)
      await conclude(services, id, ends, ending.afterFinish)
      book.become(id, 'finished', { endedAt: Date.now() })
    })
  }

  /** What is to be done about the operator's command at an end that is asked for. */
  #commandAtEnd(id: string, request: FinishRequest): () => Promise<void> {
    const { book, store } = this.#services
    const command = commandOfEnd(store, book.view(id), request)
    return async () => {
      if (command === null) return
      const { words, how } = command
      if (how === 'skip') book.tell(id, 'warning', 'command.skipped', { program: words[0] ?? '' })
      else await this.#runCommand(id, words, how === 'again', request.passwords)
    }
  }

  /** Runs the operator's command once, whoever asks for it at the same time. */
  #runCommand(
    id: string,
    words: readonly string[],
    again: boolean,
    passwords?: Passwords,
  ): Promise<TaskView> {
    return this.#runs.once(id, 'command', async () => {
      await tellCutover(this.#services, id, { words, again, ...this.#runs.endsOf(id, passwords) })
      return this.#services.book.view(id)
    })
  }

  /**
   * Opens the way back of a migration whose sync has ended, between its servers, which it still holds. What keeps it
   * from that is told, and the migration goes on without one.
   */
  async #openWayBack(id: string, ends: Ends): Promise<boolean> {
    const { book } = this.#services
    await giveSettingsBack(this.#services, id, ends)
    const back = makeWayBack(this.#services, id)
    try {
      const passwords = turnedRound(this.#runs.typedFor(id))
      this.#runs.launch(back, this.#runs.endsOf(back, passwords), false)
      await untilOpen(book, back)
      return true
    } catch (thrown) {
      const { code, params } = toFailure(thrown)
      book.tell(id, 'error', 'way-back.not-opened', { ...params, code })
      await this.#dropWayBack(id, back)
      return false
    }
  }

  /**
   * Takes back the task that was to keep the way back of a migration. Until it is given up, whoever comes after a crash finds
   * it by its migration.
   */
  async #dropWayBack(id: string, back: string, passwords?: Passwords): Promise<void> {
    const { book } = this.#services
    if (!isOver(book.get(back).state)) await this.endForGood(back, passwords && turnedRound(passwords))
    book.change(id, { wayBack: null })
    this.#runs.demand(back, 'remove')
    this.#runs.forgetTyped(back)
    book.remove(back)
  }
}
