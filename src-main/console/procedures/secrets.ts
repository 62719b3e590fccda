import { base, ok } from '../base.ts'

export const secrets = {
  standing: base.secrets.standing.handler(({ context }) => ok(context.secrets.standing)),
  unlock: base.secrets.unlock.handler(({ context, input }) => {
    context.secrets.unlock(input.passphrase)
    context.kept.note('secrets')
    return ok(context.secrets.standing)
  }),
  keep: base.secrets.keep.handler(({ context, input }) => {
    context.secrets.keep(input)
    context.kept.note('secrets')
    return ok(context.secrets.standing)
  }),
}
