import { differencesFile, pageOf } from '#migration/difference-list.ts'
import type { RestoreSpec } from '#contract/restore.ts'
import type { ConsoleServices } from '../services.ts'
import { base, ok } from '../base.ts'
import { usableInputs } from '../files.ts'
import { jobSteps } from '../job-steps.ts'

/** A spec whose inputs are there to be read, with the secrets that its target's saved connection keeps. */
async function usable({ connections }: ConsoleServices, spec: RestoreSpec): Promise<RestoreSpec> {
  return { ...spec, files: await usableInputs(spec.files), target: connections.complete(spec.target) }
}

export const restores = {
  interrupted: base.restores.interrupted.handler(async ({ context }) =>
    ok(await context.restores.interrupted()),
  ),

  forget: base.restores.forget.handler(async ({ context, input }) => {
    await context.restores.forget(input.id)
    return ok(null)
  }),

  start: base.restores.start.handler(async ({ context, input }) =>
    ok(context.restores.start(await usable(context, input))),
  ),

  again: base.restores.again.handler(({ context, input }) => ok(context.restores.again(input.id))),

  cancel: base.restores.cancel.handler(({ context, input }) => ok(context.restores.cancel(input.id))),

  plan: base.restores.plan.handler(async ({ context, input, signal }) => {
    const spec = await usable(context, input)
    return jobSteps({ jobs: context.jobs, kind: 'plan', spec, signal, last: (plan) => ({ plan }) })
  }),

  order: base.restores.order.handler(({ context, input }) =>
    ok(context.restores.order(input.id, input.order)),
  ),

  compare: base.restores.compare.handler(({ context, input: { id, ...options } }) =>
    ok(context.restores.compare(id, options)),
  ),

  differences: base.restores.differences.handler(({ context, input: { id, ...query } }) =>
    ok(pageOf(context.restores.differences(id), query)),
  ),

  differencesFile: base.restores.differencesFile.handler(({ context, input: { id, form } }) =>
    ok(differencesFile(context.restores.differences(id), form)),
  ),

  look: base.restores.look.handler(async ({ context, input: { id, at, part }, signal }) =>
    ok(await context.restores.look(id, at, part, signal)),
  ),

  watch: base.restores.watch.handler(({ context, input, signal }) =>
    context.restores.watch(input.id, signal),
  ),

  watchAll: base.restores.watchAll.handler(({ context, signal }) => context.restores.watchAll(signal)),
}
