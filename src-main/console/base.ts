import { getEventIteratorSchemaDetails } from '@orpc/contract'
import { implement, ORPCError, ValidationError } from '@orpc/server'
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
    const path = thrown.cause.issues[0]?.path ?? []
    const names = path.map((part) => String(typeof part === 'object' ? part.key : part))
    return makeFailure('usage.invalid', { field: names.join('.') })
  }
  return toFailure(thrown)
}

const answersInStream = (schema: Parameters<typeof getEventIteratorSchemaDetails>[0]): boolean =>
  getEventIteratorSchemaDetails(schema) !== undefined

async function* onlyOne<T>(value: T): AsyncGenerator<T, void, void> {
  yield value
}
