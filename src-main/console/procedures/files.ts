import { fail } from '#contract/failure.ts'
import { base, ok } from '../base.ts'
import { listFolder, readablePath } from '../files.ts'
import { jobSteps } from '../job-steps.ts'

export const files = {
  pick: base.files.pick.handler(async ({ context }) =>
    ok(await (context.pickFile ?? (() => fail('usage.invalid', { field: 'files.pick' })))()),
  ),

  list: base.files.list.handler(async ({ context, input }) =>
    ok(await listFolder(input.path ?? context.host.home)),
  ),

  inspect: base.files.inspect.handler(async ({ context: { jobs }, input, signal }) => {
    const spec = { file: await readablePath(input.path) }
    return jobSteps({ jobs, kind: 'inspect', spec, signal, last: (report) => ({ report }) })
  }),
}
