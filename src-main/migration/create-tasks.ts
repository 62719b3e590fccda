import { randomUUID } from 'node:crypto'
import { addressOf } from '#contract/connection.ts'
import { commandLeft } from '#contract/cutover-command.ts'
import { fail, toFailure } from '#contract/failure.ts'
import { checksAllow } from '#contract/precheck.ts'
import { turnedRound, type Passwords } from '#contract/profile.ts'
import type { Ending, TaskStanding, TaskView, TogetherAnswer } from '#contract/task.ts'
import { isBegun, isOver, statesOf, taskStates, type TaskAction } from '#contract/task-states.ts'
import type { Schedule } from '#contract/schedule.ts'
import type { ProfileRow } from '#store/profiles.ts'
import { demandAdmission } from './admission.ts'
import { systemClock, type Clock } from './clock.ts'
import { checkTask, mendFound } from './checking.ts'
import { conclude, demandStillFrozen, endPause, giveSettingsBack, giveUp, undoFreeze } from './conclusion.ts'
import { throughLock } from './target-lock.ts'
import { taskDifferences } from './differences.ts'
import { removeOwnKeys } from './own-keys.ts'
import { connectionsOf, type Ends } from './endpoint.ts'
import { planFreezes } from './freeze/plan-sources.ts'
import { demandConsent } from './command-consent.ts'
import { commandOfEnd, contradicts, endingOf } from './ending.ts'
import { tellCutover } from './cutover-command.ts'
import { demandMovable, moveAway } from './moving.ts'
import { MigrationRun } from './run.ts'
import { Armed } from './schedule.ts'
import type { SecretBox } from './secrets.ts'
import type { RunServices } from './services.ts'
import type { Wanted } from './task-book.ts'
import { keptStandingOf, newRecord, withFlush, type TaskBody, type TaskRecord } from './task-record.ts'
import { becomeKept, demandWayBack, endsNow, makeWayBack, settleWayBack, untilOpen } from './way-back.ts'
import { putLeftoversBack } from './leftovers.ts'
import type { FinishRequest, Tasks } from './tasks.ts'

export function createTasks(services: RunServices, box: SecretBox, clock: Clock = systemClock): Tasks {
  const { store, book } = services
  const runs = new Map<string, MigrationRun>()
  /** Checks under way outside of a start. */
  const checking = new Map<string, AbortController>()
  /** Passwords typed for a task in this process, so that they are asked for once. */
  const typed = new Map<string, Passwords>()

  const demand = (id: string, action: TaskAction): void => {
    const { state, actions } = book.view(id)
    if (!actions.includes(action)) fail('task.wrong-state', { state, action })
  }

  /** How it stands, where what is asked for has been asked for already; null where it is to be done. */
  const joined = (id: string, action: TaskAction): TaskView | null => {
    const view = book.view(id)
    return isBegun(action, view) ? view : null
  }

  /** Deeds that take their time, while they are under way, by deed and task. */
  const underWay = new Map<string, Promise<TaskView>>()

  /** Does it, or waits with whoever has asked for the same before. */
  const once = (
    id: string,
    action: TaskAction | 'command',
    deed: () => Promise<TaskView>,
  ): Promise<TaskView> => {
    const name = `${action} ${id}`
    const before = underWay.get(name)
    if (before !== undefined) return before
    const promise = deed().finally(() => underWay.delete(name))
    underWay.set(name, promise)
    return promise
  }

  const endsOf = (id: string, passwords?: Passwords): Ends => {
    const row = book.row(id)
    const { source, target } = JSON.parse(row.body) as TaskBody
    const { wayBackOf } = book.get(id).record
    const known = { ...typed.get(id), ...passwords }
    const sources = connectionsOf(source, row.sourceSecret, box, 'source', known)
    const ends = {
      sources: wayBackOf === null ? sources : sources.map((one) => throughLock(services, wayBackOf, one)),
      target: throughLock(services, id, connectionsOf(target, row.targetSecret, box, 'target', known)[0]),
    }
    typed.set(id, known)
    return ends
  }

  const begin = (
    id: string,
    passwords: Passwords | undefined,
    resuming: boolean,
    changed: Partial<TaskRecord> = {},
  ): TaskView => {
    const ends = endsOf(id, passwords)
    if (!resuming) demandConsent(store, book.get(id).body.options.onCutover)
    demandAdmission(services, id)
    return launch(id, ends, resuming, changed)
  }

  const launch = (id: string, ends: Ends, resuming: boolean, changed: Partial<TaskRecord> = {}): TaskView => {
    book.hold(id)
    const startedAt = book.get(id).record.startedAt ?? Date.now()
    book.become(id, 'starting', { ...changed, failure: null, startedAt, inStepSince: null, ending: null })
    const run = new MigrationRun(services, id, ends)
    runs.set(id, run)
    run.begin(resuming)
    void run.ended.finally(() => {
      if (runs.get(id) === run && !book.holds(id)) runs.delete(id)
    })
    return book.view(id)
  }

  /**
   * Opens the way back of a migration whose sync has ended, between its servers, which it still holds. What keeps it
   * from that is told, and the migration goes on without one.
   */
  const openWayBack = async (id: string, ends: Ends): Promise<boolean> => {
    await giveSettingsBack(services, id, ends)
    const back = makeWayBack(services, id)
    try {
      launch(back, endsOf(back, turnedRound(typed.get(id) ?? {})), false)
      await untilOpen(book, back)
      return true
    } catch (thrown) {
      const { code, params } = toFailure(thrown)
      book.tell(id, 'error', 'way-back.not-opened', { ...params, code })
      await dropWayBack(id, back)
      return false
    }
  }

  /** The ends that have been begun in this process, as they were chosen. */
  const endings = new Map<string, Ending>()

  /** The end that is under way already; null where none is. */
  const endingBegun = (id: string): Ending | null =>
    underWay.has(`finish ${id}`)
      ? (endings.get(id) ?? null)
      : joined(id, 'finish') === null
        ? null
        : book.view(id).ending

  /** Runs the operator's command once, whoever asks for it at the same time. */
  const runCommand = (id: string, words: readonly string[], again: boolean, passwords?: Passwords) =>
    once(id, 'command', async () => {
      await tellCutover(services, id, { words, again, ...endsOf(id, passwords) })
      return book.view(id)
    })

  /** Gives up a task; of one whose end was cut short, the way back as well. */
  const endForGood = async (id: string, passwords?: Passwords): Promise<void> => {
    const run = runOf(id)
    if (run !== undefined) {
      await run.stop()
      runs.delete(id)
      return
    }
    const ends = endsOf(id, passwords)
    await holding(id, async () => {
      const { wayBack } = book.get(id).record
      if (wayBack !== null) await dropWayBack(id, wayBack, passwords)
      // A server that is gone for ever keeps nobody from giving up.
      await giveUp(services, id, await endsNow(services, id, ends).catch(() => ends))
    })
  }

  /**
   * Takes back the task that was to keep the way back of a migration. Until it is given up, whoever comes after a crash finds
   * it by its migration.
   */
  const dropWayBack = async (id: string, back: string, passwords?: Passwords): Promise<void> => {
    if (!isOver(book.get(back).state)) await endForGood(back, passwords && turnedRound(passwords))
    book.change(id, { wayBack: null })
    tasks.remove(back)
  }

  /** Works on a task that no run has hold of, and lets go of it. */
  const holding = async (id: string, deed: () => Promise<void>): Promise<TaskView> => {
    book.hold(id)
    try {
      await deed()
    } finally {
      book.release(id)
    }
    return book.view(id)
  }

  const runOf = (id: string): MigrationRun | undefined => (book.holds(id) ? runs.get(id) : undefined)
  const runningOf = (id: string): MigrationRun =>
    runOf(id) ?? fail('task.wrong-state', { state: book.get(id).state })

  const check = async (id: string, ends: Ends): Promise<void> => {
    const controller = new AbortController()
    checking.set(id, controller)
    try {
      const { signal } = controller
      const results = await checkTask(services, id, { ...ends, resuming: false, signal })
      book.become(id, checksAllow(results) ? 'ready' : 'draft')
    } catch (thrown) {
      const failure = controller.signal.aborted ? null : toFailure(thrown)
      if (book.holds(id)) book.become(id, 'draft', { checks: null, failure })
    } finally {
      checking.delete(id)
      book.release(id)
    }
  }

  const armed = new Armed(book, clock, {
    demandStartable: (id) => {
      endsOf(id)
      demandConsent(store, book.get(id).body.options.onCutover)
    },
    start: (id) => void begin(id, undefined, false),
  })

  /** Those of an earlier plan of a profile that were never begun; the latest time one was to be started at. */
  const removeOutdated = ({ id, updatedAt }: ProfileRow): Schedule | null => {
    let wished: Schedule | null = null
    for (const task of book.standings(statesOf('unstarted'))) {
      if (task.profileId !== id || task.createdAt >= updatedAt) continue
      wished ??= task.schedule
      typed.delete(task.id)
      book.remove(task.id)
    }
    return wished
  }

  // What cannot be put back, or told, now stays in the journal for the next time.
  const putBack = (): Promise<void> => putLeftoversBack(services, endsOf).catch(() => undefined)
  let leftovers = putBack()

  /** What overwrites keys is asked for one by one. */
  const startOrResume = (id: string): void => {
    const { actions, options, target } = book.view(id)
    if (actions.includes('resume')) tasks.resume(id)
    else if (options.onConflict === 'replace') fail('task.overwrites', { address: addressOf(target) })
    else tasks.start(id)
  }

  /** One of this very plan that nobody has done anything with yet: two consoles that ask for a run share it. */
  const untouchedOf = ({ id, updatedAt }: ProfileRow): TaskStanding | undefined =>
    book
      .standings(['draft', 'checking'])
      .find(
        (task) =>
          task.profileId === id &&
          task.wayBackOf === null &&
          task.createdAt >= updatedAt &&
          (task.state === 'checking' || task.checkedAt === null),
      )

  /** What is to be done about the operator's command at an end that is asked for. */
  const commandAtEnd = (id: string, request: FinishRequest): (() => Promise<void>) => {
    const command = commandOfEnd(store, book.view(id), request)
    return async () => {
      if (command === null) return
      const { words, how } = command
      if (how === 'skip') book.tell(id, 'warning', 'command.skipped', { program: words[0] ?? '' })
      else await runCommand(id, words, how === 'again', request.passwords)
    }
  }

  const finish = async (id: string, request: FinishRequest): Promise<TaskView> => {
    const { consent, deleteSource, passwords } = request
    const begun = joined(id, 'finish')
    if (begun !== null) return begun
    demand(id, 'finish')
    const view = book.view(id)
    const { finishNeedsConsent: reason, target } = view
    if (deleteSource !== undefined) demandMovable(services, book.get(id), deleteSource)
    if (reason !== null) {
      if (consent !== addressOf(target)) fail('task.consent-needed', { reason, target: addressOf(target) })
      book.tell(id, 'warning', 'task.consented', { reason })
    }
    const ending = endingOf(view, request)
    const { moving, wayBack: keeps } = ending
    endings.set(id, ending)
    const tell = commandAtEnd(id, request)
    if (keeps) {
      if (reason === 'not-frozen') fail('freeze.not-frozen', { address: view.from })
      await demandWayBack(id, endsOf(id, passwords))
    }
    const run = runOf(id)
    if (run !== undefined) {
      if (!keeps) {
        await tell()
        demand(id, 'finish')
      }
      await run.finish(ending, (ends) => openWayBack(id, ends))
      runs.delete(id)
      if (keeps) await holding(id, tell)
      return book.view(id)
    }
    const ends = await endsNow(services, id, endsOf(id, passwords))
    await holding(id, async () => {
      await demandStillFrozen(services, id)
      if (!keeps && !view.concluding) await tell()
      book.become(id, 'finishing', { failure: null, ending })
      try {
        await removeOwnKeys(ends.target, id)
        if (keeps && (await openWayBack(id, ends))) {
          becomeKept(services, id)
          return
        }
        if (view.wayBackOf !== null) {
          await giveSettingsBack(services, id, ends)
          await settleWayBack(services, view.wayBackOf, 'rolled-back')
        }
        endPause(services, id, 'finished')
      } catch (thrown) {
        book.become(id, 'failed', { failure: toFailure(thrown) })
        throw thrown
      }
      if (moving) await moveAway(services, id, ends.target)
      await conclude(services, id, ends, ending.afterFinish)
      book.become(id, 'finished', { endedAt: Date.now() })
    })
    if (keeps) await holding(id, tell)
    return book.view(id)
  }

  const tasks: Tasks = {
    list: () => book.standings(taskStates),
    board: () => book.board(),
    past: (page) => book.past(page),
    get: (id) => book.view(id),

    create(profileId) {
      const profile = store.profiles.find(profileId) ?? fail('profile.not-found', { id: profileId })
      const body = JSON.parse(profile.body) as Partial<TaskBody>
      if (!body.source || !body.target) fail('usage.invalid', { field: body.source ? 'target' : 'source' })
      const twin = untouchedOf(profile)
      if (twin !== undefined) return book.view(twin.id)
      const now = Date.now()
      const id = randomUUID()
      const record = { ...newRecord, schedule: removeOutdated(profile) }
      book.add({
        id,
        profileId,
        name: profile.name,
        from: addressOf(body.source),
        to: addressOf(body.target),
        body: profile.body,
        sourceSecret: profile.sourceSecret,
        targetSecret: profile.targetSecret,
        state: 'draft',
        stateSince: now,
        record: JSON.stringify(record),
        standing: JSON.stringify(keptStandingOf(record)),
        ownerPid: null,
        ownerSeenAt: null,
        createdAt: now,
      })
      return book.view(id)
    },

    check(id, passwords) {
      const begun = joined(id, 'check')
      if (begun !== null) return begun
      demand(id, 'check')
      const ends = endsOf(id, passwords)
      book.hold(id)
      book.become(id, 'checking', { failure: null })
      void check(id, ends)
      return book.view(id)
    },

    async mend(id, checkId, passwords) {
      demand(id, 'check')
      const found = book.get(id).record.checks?.results.find((one) => one.id === checkId)
      if (found !== undefined) await mendFound(services, id, endsOf(id, passwords), found)
      return this.check(id, passwords)
    },

    accept(id, checkId, accepted) {
      demand(id, book.get(id).state === 'ready' ? 'check' : 'accept')
      const { checks } = book.get(id).record
      const results = (checks?.results ?? []).map((one) =>
        one.id === checkId && one.state === 'warning'
          ? { ...one, acceptedAt: accepted ? Date.now() : null }
          : one,
      )
      if (checks === null) return book.view(id)
      book.hold(id)
      book.change(id, { checks: { ...checks, results } })
      if (accepted) book.tell(id, 'info', 'checks.accepted', { check: checkId })
      const allowed = checksAllow(results)
      const { state } = book.get(id)
      if (allowed && state === 'draft') book.become(id, 'ready', { failure: null })
      if (!allowed && state === 'ready') book.become(id, 'draft')
      book.release(id)
      return book.view(id)
    },

    start(id, passwords) {
      const begun = joined(id, 'start')
      if (begun !== null) return begun
      demand(id, 'start')
      return begin(id, passwords, false)
    },

    schedule(id, schedule, passwords) {
      demand(id, 'schedule')
      endsOf(id, passwords)
      armed.arm(id, schedule)
      return book.view(id)
    },

    async unschedule(id) {
      demand(id, 'unschedule')
      if (book.isElsewhere(id)) await book.want(id, 'unschedule')
      else armed.disarm(id)
      return book.view(id)
    },

    keepSchedule: () => armed.keepForAll(),

    secretsUnlocked() {
      leftovers = leftovers.then(putBack)
    },

    planChanged(profileId) {
      for (const { id, profileId: of } of book.standings(['scheduled']))
        if (of !== profileId) continue
        else if (book.isElsewhere(id)) void book.want(id, 'redraft').catch(() => undefined)
        else armed.disarm(id, 'draft')
    },

    resume(id, passwords, flushed) {
      const begun = joined(id, 'resume')
      if (begun !== null) return begun
      demand(id, 'resume')
      return begin(id, passwords, true, flushed === undefined ? {} : withFlush(book.get(id).record, flushed))
    },

    pace(id, keysPerSecond) {
      const wasHeld = book.holds(id)
      book.hold(id)
      book.change(id, { scanPace: { keysPerSecond } })
      runOf(id)?.usePace(keysPerSecond)
      if (!wasHeld) book.release(id)
      return book.view(id)
    },

    pause: (id) =>
      once(id, 'pause', async () => {
        const begun = joined(id, 'pause')
        if (begun !== null) return begun
        demand(id, 'pause')
        if (book.isElsewhere(id)) await book.want(id, 'pause')
        else await runningOf(id).pause()
        return book.view(id)
      }),

    async leave(id) {
      demand(id, 'pause')
      await runningOf(id).leave()
      return book.view(id)
    },

    async freezePlan(id, passwords, signal) {
      return await planFreezes(id, endsOf(id, passwords).sources, signal)
    },

    freeze(id, order) {
      const begun = joined(id, 'freeze')
      if (begun !== null) return Promise.resolve(begun)
      demand(id, 'freeze')
      runningOf(id).cutover.freeze(order)
      return Promise.resolve(book.view(id))
    },

    unfreeze: (id) =>
      once(id, 'unfreeze', async () => {
        demand(id, 'unfreeze')
        const run = runOf(id)
        if (run === undefined) return holding(id, () => undoFreeze(services, id))
        await run.cutover.unfreeze()
        return book.view(id)
      }),

    verify(id, mode) {
      const begun = joined(id, 'verify')
      if (begun !== null) return begun
      demand(id, 'verify')
      runningOf(id).cutover.verify(mode ?? book.get(id).body.options.proof)
      return book.view(id)
    },

    repair(id, { consent, deleteExtra = false }) {
      demand(id, 'repair')
      const target = book.view(id).to
      if (consent !== target) fail('task.repair-consent', { target })
      runningOf(id).cutover.repair(deleteExtra)
      return book.view(id)
    },

    finish: async (id, request) => {
      const already = endingBegun(id)
      if (already !== null && contradicts(already, request)) fail('task.other-ending')
      return await once(id, 'finish', () => finish(id, request))
    },

    async runCommand(id, passwords) {
      const words =
        commandLeft(book.view(id)) ??
        fail('task.wrong-state', { state: book.get(id).state, action: 'command' })
      demandConsent(store, words)
      return await holding(id, async () => void (await runCommand(id, words, true, passwords)))
    },

    stop: (id, passwords) =>
      once(id, 'stop', async () => {
        demand(id, 'stop')
        if (book.isElsewhere(id)) {
          await book.want(id, 'stop')
          return book.view(id)
        }
        const underCheck = checking.get(id)
        if (underCheck !== undefined) {
          underCheck.abort()
          while (checking.has(id)) await new Promise((resolve) => setTimeout(resolve, 20))
          return book.view(id)
        }
        await endForGood(id, passwords)
        const { wayBackOf } = book.get(id).record
        if (wayBackOf !== null) await settleWayBack(services, wayBackOf, 'closed')
        return book.view(id)
      }),

    remove(id) {
      demand(id, 'remove')
      typed.delete(id)
      book.remove(id)
    },

    together: ({ ids, deed }) =>
      Promise.all(
        ids.map(async (id): Promise<TogetherAnswer> => {
          try {
            if (deed === 'start') startOrResume(id)
            else await tasks[deed](id)
            return { id, failure: null }
          } catch (thrown) {
            return { id, failure: toFailure(thrown) }
          }
        }),
      ),

    async clearHistory(search) {
      let removed = 0
      for (let offset = 0; ;) {
        const { tasks: some } = book.past({ search, offset, limit: 50 })
        if (some.length === 0) return removed
        for (const { id, actions } of some) {
          // What still holds a source frozen is not forgotten with the rest.
          if (actions.includes('unfreeze')) offset += 1
          else {
            tasks.remove(id)
            removed += 1
          }
          // A long log takes a moment to go; others have theirs in between.
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    },

    watch: (id, signal) => book.watch(id, signal),
    watchAll: (signal) => book.watchAll(signal),
    ...taskDifferences(services, endsOf),
    history: (id, since, limit) => store.samples.since(book.row(id).id, since, limit),
    events: (id, before, limit) => store.events.newest(book.row(id).id, limit, before),

    async [Symbol.asyncDispose]() {
      armed[Symbol.dispose]()
      for (const controller of checking.values()) controller.abort()
      await Promise.all([leftovers, ...[...runs.values()].map((run) => run.interrupt())])
      book[Symbol.dispose]()
    },
  }

  const deeds: Readonly<Record<Wanted, (id: string) => unknown>> = {
    pause: tasks.pause,
    stop: tasks.stop,
    unschedule: tasks.unschedule,
    redraft: (id) => armed.disarm(id, 'draft'),
  }
  // Whoever wants it sees by the task whether it came about.
  book.onWanted = (id, wanted) =>
    void Promise.resolve(id)
      .then(deeds[wanted])
      .catch(() => undefined)
  return tasks
}
