import { base, ok } from '../base.ts'

export const practice = {
  view: base.practice.view.handler(({ context }) => ok(context.practice.view())),
  start: base.practice.start.handler(async ({ context, input }) => {
    const view = await context.practice.start(input.name)
    context.kept.note('practice')
    return ok(view)
  }),
  stop: base.practice.stop.handler(async ({ context }) => {
    const view = await context.practice.stop()
    context.kept.note('practice')
    return ok(view)
  }),
}
