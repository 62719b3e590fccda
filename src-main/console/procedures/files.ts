import { fail } from '#contract/failure.ts'
import { base, ok } from '../base.ts'
import { listFolder, regularFile } from '../files.ts'

export const files = {
  pick: base.files.pick.handler(async ({ context }) =>
    ok(await (context.pickFile ?? (() => fail('usage.invalid', { field: 'files.pick' })))()),
  ),

  list: base.files.list.handler(async ({ context, input }) =>
    ok(await listFolder(input.path ?? context.host.home)),
  ),

  inspect: base.files.inspect.handler(async ({ context, input, signal }) =>
    ok(await context.jobs.run('inspect', { file: await regularFile(input.path) }, { signal })),
  ),
}
