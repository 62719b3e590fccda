import { randomUUID } from 'node:crypto'
import { addressOf } from '#contract/connection.ts'
import { fail, toFailure } from '#contract/failure.ts'
import { checksAllow } from '#contract/precheck.ts'
import type { Passwords } from '#contract/profile.ts'
import type { TaskStanding, TaskView, TogetherAnswer } from '#contract/task.ts'
import { statesOf, taskStates } from '#contract/task-states.ts'
import type { Schedule } from '#contract/schedule.ts'
import type { ProfileRow } from '#store/profiles.ts'
import { demandAdmission } from './admission.ts'
import { systemClock, type Clock } from './clock.ts'
import { checkTask, mendFound } from './checking.ts'
import { undoFreeze } from './conclusion.ts'
import { taskDifferences } from './differences.ts'
import type { Ends } from './endpoint.ts'
import { planFreezes } from './freeze/plan-sources.ts'
import { demandConsent } from './command-consent.ts'
import { IdleLocks } from './idle-locks.ts'
import { Armed } from './schedule.ts'
import type { SecretBox } from './secrets.ts'
import type { RunServices } from './services.ts'
import type { Wanted } from './task-book.ts'
import { TaskEndings } from './task-endings.ts'
import { keptStandingOf, newRecord, withFlush, type TaskBody, type TaskRecord } from './task-record.ts'
import { TaskRuns } from './task-runs.ts'
import { settleWayBack } from './way-back.ts'
import { putLeftoversBack } from './leftovers.ts'
import type { Tasks } from './tasks.ts'

/** A server that was away when a task ended may be back. */
const putBackEveryMs = 60_000

export function createTasks(services: RunServices, box: SecretBox, clock: Clock = systemClock): Tasks {
  const { store, book } = services
  const locks = new IdleLocks(services, clock)
  const runs = new TaskRuns(services, box, locks)
  const endings = new TaskEndings(services, runs)
  const endsOf = (id: string, passwords?: Passwords): Ends => runs.endsOf(id, passwords)
  /** Checks under way outside of a start. */
  const checking = new Map<string, { readonly controller: AbortController; readonly over: Promise<void> }>()

  const begin = (
    id: string,
    passwords: Passwords | undefined,
    resuming: boolean,
    changed: Partial<TaskRecord> = {},
  ): TaskView => {
    const ends = endsOf(id, passwords)
    if (!resuming) demandConsent(store, book.get(id).body.options.onCutover)
    demandAdmission(services, id)
    return runs.launch(id, ends, resuming, changed)
  }

  const check = async (id: string, ends: Ends, signal: AbortSignal): Promise<void> => {
    try {
      const results = await checkTask(services, id, { ...ends, resuming: false, signal })
      book.become(id, checksAllow(results) ? 'ready' : 'draft')
    } catch (thrown) {
      const failure = signal.aborted ? null : toFailure(thrown)
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
      runs.forgetTyped(task.id)
      book.remove(task.id)
    }
    return wished
  }

  // What cannot be put back, or told, now stays in the journal for the next time.
  const putBack = (): Promise<void> => putLeftoversBack(services, endsOf).catch(() => undefined)
  let leftovers = putBack()
  let puttingBack: Disposable | null = null

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
      const begun = runs.joined(id, 'check')
      if (begun !== null) return begun
      runs.demand(id, 'check')
      const ends = endsOf(id, passwords)
      book.hold(id)
      book.become(id, 'checking', { failure: null })
      const controller = new AbortController()
      checking.set(id, { controller, over: check(id, ends, controller.signal) })
      return book.view(id)
    },

    async mend(id, checkId, passwords) {
      runs.demand(id, 'check')
      const found = book.get(id).record.checks?.results.find((one) => one.id === checkId)
      if (found !== undefined) await mendFound(services, id, endsOf(id, passwords), found)
      return this.check(id, passwords)
    },

    accept(id, checkId, accepted) {
      runs.demand(id, book.get(id).state === 'ready' ? 'check' : 'accept')
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
      const begun = runs.joined(id, 'start')
      if (begun !== null) return begun
      runs.demand(id, 'start')
      return begin(id, passwords, false)
    },

    schedule(id, schedule, passwords) {
      runs.demand(id, 'schedule')
      endsOf(id, passwords)
      armed.arm(id, schedule)
      return book.view(id)
    },

    async unschedule(id) {
      runs.demand(id, 'unschedule')
      if (book.isElsewhere(id)) await book.want(id, 'unschedule')
      else armed.disarm(id)
      return book.view(id)
    },

    keepForAll() {
      armed.keepForAll()
      locks.keepForAll()
      puttingBack ??= clock.every(putBackEveryMs, () => {
        leftovers = leftovers.then(putBack)
      })
    },

    secretsUnlocked() {
      locks.tryAgain()
      leftovers = leftovers.then(putBack)
    },

    planChanged(profileId) {
      for (const { id, profileId: of } of book.standings(['scheduled']))
        if (of !== profileId) continue
        else if (book.isElsewhere(id)) void book.want(id, 'redraft').catch(() => undefined)
        else armed.disarm(id, 'draft')
    },

    resume(id, passwords, flushed) {
      const begun = runs.joined(id, 'resume')
      if (begun !== null) return begun
      runs.demand(id, 'resume')
      return begin(id, passwords, true, flushed === undefined ? {} : withFlush(book.get(id).record, flushed))
    },

    pace(id, keysPerSecond) {
      const wasHeld = book.holds(id)
      book.hold(id)
      book.change(id, { scanPace: { keysPerSecond } })
      runs.of(id)?.usePace(keysPerSecond)
      if (!wasHeld) book.release(id)
      return book.view(id)
    },

    pause: (id) =>
      runs.once(id, 'pause', async () => {
        const begun = runs.joined(id, 'pause')
        if (begun !== null) return begun
        runs.demand(id, 'pause')
        if (book.isElsewhere(id)) await book.want(id, 'pause')
        else await runs.running(id).pause()
        return book.view(id)
      }),

    async leave(id) {
      runs.demand(id, 'pause')
      await runs.running(id).leave()
      return book.view(id)
    },

    async freezePlan(id, passwords, signal) {
      return await planFreezes(id, endsOf(id, passwords).sources, signal)
    },

    freeze(id, order) {
      const begun = runs.joined(id, 'freeze')
      if (begun !== null) return Promise.resolve(begun)
      runs.demand(id, 'freeze')
      runs.running(id).cutover.freeze(order)
      return Promise.resolve(book.view(id))
    },

    unfreeze: (id) =>
      runs.once(id, 'unfreeze', async () => {
        runs.demand(id, 'unfreeze')
        const run = runs.of(id)
        if (run === undefined) return runs.holding(id, () => undoFreeze(services, id))
        await run.cutover.unfreeze()
        return book.view(id)
      }),

    verify(id, mode) {
      const begun = runs.joined(id, 'verify')
      if (begun !== null) return begun
      runs.demand(id, 'verify')
      runs.running(id).cutover.verify(mode ?? book.get(id).body.options.proof)
      return book.view(id)
    },

    repair(id, { consent, deleteExtra = false }) {
      runs.demand(id, 'repair')
      const target = book.view(id).to
      if (consent !== target) fail('task.repair-consent', { target })
      runs.running(id).cutover.repair(deleteExtra)
      return book.view(id)
    },

    finish: (id, request) => endings.finish(id, request),

    runCommand: (id, passwords) => endings.runCommandLeft(id, passwords),

    stop: (id, passwords) =>
      runs.once(id, 'stop', async () => {
        runs.demand(id, 'stop')
        if (book.isElsewhere(id)) {
          await book.want(id, 'stop')
          return book.view(id)
        }
        const underCheck = checking.get(id)
        if (underCheck !== undefined) {
          underCheck.controller.abort()
          await underCheck.over
          return book.view(id)
        }
        await endings.endForGood(id, passwords)
        const { wayBackOf } = book.get(id).record
        if (wayBackOf !== null) await settleWayBack(services, wayBackOf, 'closed')
        return book.view(id)
      }),

    remove(id) {
      runs.demand(id, 'remove')
      runs.forgetTyped(id)
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
      puttingBack?.[Symbol.dispose]()
      const checks = [...checking.values()]
      for (const { controller } of checks) controller.abort()
      await locks[Symbol.asyncDispose]()
      await Promise.all([leftovers, runs.interrupt(), ...checks.map(({ over }) => over)])
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
