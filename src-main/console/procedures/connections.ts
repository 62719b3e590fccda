import { base, ok } from '../base.ts'

/** A server that does not answer in this time is told as `connect.timeout` by the probe's own connection. */
export const connections = {
  test: base.connections.test.handler(async ({ context, input, signal }) =>
    ok(await context.probe(context.connections.complete(input), signal)),
  ),
  list: base.connections.list.handler(({ context }) => ok(context.connections.list())),
  save: base.connections.save.handler(({ context, input }) => ok(context.connections.save(input))),
  duplicate: base.connections.duplicate.handler(({ context, input }) =>
    ok(context.connections.duplicate(input.id, input.name)),
  ),
  remove: base.connections.remove.handler(({ context, input }) => {
    context.connections.remove(input.id)
    return ok(null)
  }),
  probe: base.connections.probe.handler(async ({ context, input, signal }) => {
    const facts = await context.probe(context.connections.open(input.id, input.passwords), signal)
    context.connections.tested(input.id, facts)
    return ok(facts)
  }),
}
