import { fail } from '#contract/failure.ts'
import type { ReadinessRequest, ReadinessSpec } from '#contract/readiness.ts'
import { base } from '../base.ts'
import { jobSteps } from '../job-steps.ts'
import type { ConsoleServices } from '../services.ts'

/** Of a profile with several sources the first is looked at: each holds a part of the same applications' keys. */
function specOf({ connections, profiles }: ConsoleServices, request: ReadinessRequest): ReadinessSpec {
  if (request.from === 'aof') return request
  const { from, seconds } = request
  if ('source' in request) return { from, seconds, source: connections.complete(request.source) }
  const [source] = profiles.connections(request.profile, 'source', request.passwords)
  return { from, seconds, source: source ?? fail('usage.invalid', { field: 'profile' }) }
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
