import { base, ok } from '../base.ts'

/** A server that does not answer in this time is told as `connect.timeout` by the probe's own connection. */
export const connections = {
  test: base.connections.test.handler(async ({ context, input, signal }) =>
    ok(await context.probe(input, signal)),
  ),
}
