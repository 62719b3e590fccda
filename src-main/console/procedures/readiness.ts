import type { ReadinessRequest, ReadinessSpec } from '#contract/readiness.ts'
import { base } from '../base.ts'
import { usableInputs } from '../files.ts'
import { jobSteps } from '../job-steps.ts'
import type { ConsoleServices } from '../services.ts'

async function specOf(
  { connections, profiles }: ConsoleServices,
  request: ReadinessRequest,
): Promise<ReadinessSpec> {
  if (request.from === 'aof') {
    const [input = request.input] = await usableInputs([request.input])
    return { ...request, input }
  }
  const { from, seconds } = request
  if ('source' in request) return { from, seconds, sources: [connections.complete(request.source)] }
  return { from, seconds, sources: profiles.connections(request.profile, 'source', request.passwords) }
}

export const readiness = {
  look: base.readiness.look.handler(async ({ context, input, signal }) =>
    jobSteps({
      jobs: context.jobs,
      kind: 'readiness',
      spec: await specOf(context, input),
      signal,
      last: (report) => ({ report }),
    }),
  ),
}
