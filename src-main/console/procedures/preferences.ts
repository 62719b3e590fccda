import { askFeed } from '../updates.ts'
import { base, ok } from '../base.ts'

export const preferences = {
  get: base.preferences.get.handler(({ context }) => ok(context.preferences.read())),
  set: base.preferences.set.handler(({ context, input }) => ok(context.preferences.write(input))),
  housekeeping: base.preferences.housekeeping.handler(({ context }) => ok(context.housekeeping)),
  updates: base.preferences.updates.handler(async ({ context }) => {
    const { updateFeed } = context.preferences.read()
    return ok(updateFeed === null ? null : await askFeed(updateFeed, context.host.version))
  }),
}
