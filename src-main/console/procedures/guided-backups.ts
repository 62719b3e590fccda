import { base, ok } from '../base.ts'
import { absolutePath, usableInputs } from '../files.ts'

export const guidedBackups = {
  list: base.guidedBackups.list.handler(({ context }) => ok(context.guidedBackups.list())),
  create: base.guidedBackups.create.handler(({ context, input: { passwords, ...plan } }) =>
    ok(context.guidedBackups.create({ ...plan, folder: absolutePath(plan.folder) }, passwords)),
  ),
  proceed: base.guidedBackups.proceed.handler(async ({ context, input: { id, order } }) => {
    const inputs = order.inputs && (await usableInputs(order.inputs))
    return ok(context.guidedBackups.proceed(id, { ...order, ...(inputs && { inputs }) }))
  }),
  cancel: base.guidedBackups.cancel.handler(async ({ context, input }) =>
    ok(await context.guidedBackups.cancel(input.id)),
  ),
  unfreeze: base.guidedBackups.unfreeze.handler(async ({ context, input }) =>
    ok(await context.guidedBackups.unfreeze(input.id)),
  ),
  remove: base.guidedBackups.remove.handler(({ context, input }) => {
    context.guidedBackups.remove(input.id)
    return ok(null)
  }),
  watch: base.guidedBackups.watch.handler(({ context, input, signal }) =>
    context.guidedBackups.watch(input.id, signal),
  ),
}
