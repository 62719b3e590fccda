import { demandCommandsAllowed } from '../may-command.ts'
import { base, ok } from '../base.ts'

export const commands = {
  consent: base.commands.consent.handler(({ context, input: { words } }) => {
    demandCommandsAllowed(context, words)
    return ok(context.consents.give(words))
  }),
}
