import { getEventIteratorSchemaDetails } from '@orpc/contract'
import { implement, ORPCError, ValidationError } from '@orpc/server'
import type { z } from 'zod'
import { contract, type Answer } from '#contract/api.ts'
import { makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import type { ConsoleServices } from './services.ts'

/**
 * What every procedure is built on: it has the services as its context, and whatever it throws leaves as
 * `{ failed }`, with the cause in the log and not in the answer.
 */
export const base = implement(contract)
  .$context<ConsoleServices>()
  .use(async ({ context, next, path, procedure }, _input, output) => {
    try {
      return await next()
    } catch (thrown) {
      const { cause, ...failure } = failureOf(thrown)
      const procedureName = path.join('.')
      if (failure.code === 'internal.unexpected')
        context.log.error({ procedure: procedureName, failure, cause }, 'unexpected')
      else context.log.info({ procedure: procedureName, failure, cause }, 'failed')
      const answer: Answer<never> = { failed: failure }
      return output(answersInStream(procedure['~orpc'].outputSchema) ? onlyOne(answer) : answer)
    }
  })

/** The answer of a procedure that went well. */
export function ok<T>(value: T): Answer<T> {
  return { ok: value }
}

function failureOf(thrown: unknown): Failure {
  if (thrown instanceof ORPCError && thrown.cause instanceof ValidationError) {
    const [issue] = thrown.cause.issues
    const names = (issue?.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
    const field = names.join('.')
    const most = longestOf(issue)
    return most === null
      ? makeFailure('usage.invalid', { field })
      : makeFailure('usage.too-long', { field, most })
  }
  return toFailure(thrown)
}

/** How many characters the text that an issue is about may have; null where its length is not what is wrong. */
function longestOf(issue: object | undefined): number | null {
  const { code, origin, maximum } = (issue ?? {}) as Partial<z.core.$ZodIssueTooBig>
  return code === 'too_big' && origin === 'string' ? Number(maximum) : null
}

const answersInStream = (schema: Parameters<typeof getEventIteratorSchemaDetails>[0]): boolean =>
  getEventIteratorSchemaDetails(schema) !== undefined

async function* onlyOne<T>(value: T): AsyncGenerator<T, void, void> {
  yield value
}
