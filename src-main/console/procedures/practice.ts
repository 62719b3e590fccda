import { base, ok } from '../base.ts'

export const practice = {
  view: base.practice.view.handler(({ context }) => ok(context.practice.view())),
  start: base.practice.start.handler(async ({ context, input }) =>
    ok(await context.practice.start(input.name)),
  ),
  stop: base.practice.stop.handler(async ({ context }) => ok(await context.practice.stop())),
}
