import { base, ok } from '../base.ts'
import { regularFile } from '../files.ts'

export const restores = {
  list: base.restores.list.handler(({ context }) => ok(context.restores.list())),

  start: base.restores.start.handler(async ({ context, input }) =>
    ok(
      context.restores.start({
        ...input,
        files: await Promise.all(input.files.map(regularFile)),
      }),
    ),
  ),

  cancel: base.restores.cancel.handler(({ context, input }) => ok(context.restores.cancel(input.id))),

  watch: base.restores.watch.handler(({ context, input, signal }) =>
    context.restores.watch(input.id, signal),
  ),
}
