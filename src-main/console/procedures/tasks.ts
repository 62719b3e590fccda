import { reportFile } from '#migration/report/report.ts'
import { base, ok } from '../base.ts'
import { onlyChanges } from '../only-changes.ts'

export const tasks = {
  past: base.tasks.past.handler(({ context, input }) => ok(context.tasks.past(input))),
  get: base.tasks.get.handler(({ context, input }) => ok(context.tasks.get(input.id))),
  create: base.tasks.create.handler(({ context, input }) => ok(context.tasks.create(input.profile))),
  check: base.tasks.check.handler(({ context, input }) => ok(context.tasks.check(input.id, input.passwords))),
  acceptWarning: base.tasks.acceptWarning.handler(({ context, input }) =>
    ok(context.tasks.accept(input.id, input.check, input.accepted)),
  ),
  mend: base.tasks.mend.handler(async ({ context, input }) =>
    ok(await context.tasks.mend(input.id, input.check, input.passwords)),
  ),
  start: base.tasks.start.handler(({ context, input }) => ok(context.tasks.start(input.id, input.passwords))),
  schedule: base.tasks.schedule.handler(({ context, input }) =>
    ok(context.tasks.schedule(input.id, input.schedule, input.passwords)),
  ),
  unschedule: base.tasks.unschedule.handler(async ({ context, input }) =>
    ok(await context.tasks.unschedule(input.id)),
  ),
  pause: base.tasks.pause.handler(async ({ context, input }) => ok(await context.tasks.pause(input.id))),
  resume: base.tasks.resume.handler(({ context, input }) =>
    ok(context.tasks.resume(input.id, input.passwords, input.flushed)),
  ),
  pace: base.tasks.pace.handler(({ context, input }) =>
    ok(context.tasks.pace(input.id, input.keysPerSecond)),
  ),
  freezePlan: base.tasks.freezePlan.handler(async ({ context, input, signal }) =>
    ok(await context.tasks.freezePlan(input.id, input.passwords, signal)),
  ),
  freeze: base.tasks.freeze.handler(async ({ context, input }) =>
    ok(await context.tasks.freeze(input.id, { newPassword: input.newPassword, byHand: input.byHand })),
  ),
  unfreeze: base.tasks.unfreeze.handler(async ({ context, input }) =>
    ok(await context.tasks.unfreeze(input.id)),
  ),
  verify: base.tasks.verify.handler(({ context, input }) => ok(context.tasks.verify(input.id, input.mode))),
  repair: base.tasks.repair.handler(({ context, input }) => ok(context.tasks.repair(input.id, input))),
  finish: base.tasks.finish.handler(async ({ context, input }) =>
    ok(await context.tasks.finish(input.id, input)),
  ),
  runCommand: base.tasks.runCommand.handler(async ({ context, input }) =>
    ok(await context.tasks.runCommand(input.id, input.passwords)),
  ),
  stop: base.tasks.stop.handler(async ({ context, input }) =>
    ok(await context.tasks.stop(input.id, input.passwords)),
  ),
  remove: base.tasks.remove.handler(({ context, input }) => {
    context.tasks.remove(input.id)
    return ok(null)
  }),
  together: base.tasks.together.handler(async ({ context, input }) =>
    ok(await context.tasks.together(input)),
  ),
  clearHistory: base.tasks.clearHistory.handler(async ({ context, input }) =>
    ok(await context.tasks.clearHistory(input.search)),
  ),
  watch: base.tasks.watch.handler(({ context, input, signal }) =>
    onlyChanges(context.tasks.watch(input.id, signal)),
  ),
  watchAll: base.tasks.watchAll.handler(({ context, signal }) => context.tasks.watchAll(signal)),
  history: base.tasks.history.handler(({ context, input }) =>
    ok(context.tasks.history(input.id, input.since, input.limit)),
  ),
  differences: base.tasks.differences.handler(({ context, input: { id, ...query } }) =>
    ok(context.tasks.differences(id, query)),
  ),
  differencesFile: base.tasks.differencesFile.handler(({ context, input: { id, form } }) =>
    ok(context.tasks.differencesFile(id, form)),
  ),
  look: base.tasks.look.handler(async ({ context, input: { id, at, part }, signal }) =>
    ok(await context.tasks.look(id, at, part, signal)),
  ),
  report: base.tasks.report.handler(({ context, input: { id, form, locale } }) =>
    ok(reportFile(context.tasks, id, { form, locale, keyferry: context.host.version })),
  ),
  events: base.tasks.events.handler(({ context, input }) =>
    ok(context.tasks.events(input.id, input.before, input.limit)),
  ),
}
