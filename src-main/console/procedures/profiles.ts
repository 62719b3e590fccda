import { readProfileFile, writeProfileFile } from '#contract/profile-file.ts'
import { fail } from '#contract/failure.ts'
import { base, ok } from '../base.ts'
import { demandCommandsAllowed } from '../may-command.ts'

export const profiles = {
  list: base.profiles.list.handler(({ context }) => ok(context.profiles.list())),
  get: base.profiles.get.handler(({ context, input }) => ok(context.profiles.get(input.id))),
  save: base.profiles.save.handler(({ context, input }) => {
    const before = input.id === undefined ? null : context.profiles.get(input.id).options.onCutover
    demandCommandsAllowed(context, input.options.onCutover, before)
    return ok(context.profiles.save(input))
  }),
  duplicate: base.profiles.duplicate.handler(({ context, input }) =>
    ok(context.profiles.duplicate(input.id, input.name)),
  ),
  export: base.profiles.export.handler(({ context, input }) =>
    ok(writeProfileFile(context.profiles.get(input.id))),
  ),
  import: base.profiles.import.handler(({ context, input }) => {
    demandCommandsAllowed(context, readProfileFile(input.text, input.name).options?.onCutover)
    return ok(context.profiles.import(input.text, input.name))
  }),
  remove: base.profiles.remove.handler(({ context, input }) => {
    context.profiles.remove(input.id)
    return ok(null)
  }),
  probe: base.profiles.probe.handler(async ({ context, input, signal }) => {
    const servers = context.profiles.connections(input.id, input.side, input.passwords)
    const server = servers[input.server] ?? fail('usage.invalid', { field: 'server' })
    return ok(await context.probe(server, signal))
  }),
}
