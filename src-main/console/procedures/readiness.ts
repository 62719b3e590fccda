import type { ReadinessRequest, ReadinessSpec } from '#contract/readiness.ts'
import { base } from '../base.ts'
import { jobSteps } from '../job-steps.ts'
import type { ConsoleServices } from '../services.ts'

function specOf({ connections, profiles }: ConsoleServices, request: ReadinessRequest): ReadinessSpec {
  if (request.from === 'aof') return request
  const { from, seconds } = request
  if ('source' in request) return { from, seconds, sources: [connections.complete(request.source)] }
  return { from, seconds, sources: profiles.connections(request.profile, 'source', request.passwords) }
}

export const readiness = {
  look: base.readiness.look.handler(({ context, input, signal }) =>
    jobSteps({
      jobs: context.jobs,
      kind: 'readiness',
      spec: specOf(context, input),
      signal,
      last: (report) => ({ report }),
    }),
  ),
}
