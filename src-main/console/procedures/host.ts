import { base, ok } from '../base.ts'

export const host = {
  capabilities: base.host.capabilities.handler(({ context }) => ok(context.host)),

  shownIn: base.host.shownIn.handler(({ context, input }) => {
    context.speak?.(input.locale)
    return ok(null)
  }),
}
