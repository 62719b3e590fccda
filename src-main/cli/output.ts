import type { Failure } from '#contract/failure.ts'
import { sayFailure } from '#contract/words/say-failure.ts'
import { exitCodeOf } from './exit-code.ts'
import { StandingLine } from './terminal/standing-line.ts'
import { columnsOf, styleFor } from './terminal/style.ts'
import { wrap, wrapSentences } from './terminal/wrap.ts'

/**
 * Where a command speaks. Results go to stdout, everything on the way and every failure to stderr; with `json`
 * stdout holds one JSON object a line and nothing else.
 */
export interface Output {
  readonly json: boolean
  /** A line of the result. Silent with `json`. */
  line(text?: string): void
  /** A line about what is going on, on stderr. Silent with `json`. */
  note(text: string): void
  /** How it stands right now, on stderr: drawn again in place, and taken away before anything else is said. */
  status(text: string): void
  /** Takes the status away, where nothing is said after it. */
  clearStatus(): void
  /** One event. Silent without `json`. */
  event(event: OutputEvent, facts: object): void
  /** Says a failure, in the way that was asked for, of a command that writes to a target or only reads. */
  failure(failure: Failure, does?: 'writes' | 'reads'): void
}

/** What a JSON line can be about. `deed`: what was done with something saved. Those between `progress` and `done` are told once, when it has come to that. */
export type OutputEvent =
  | 'profile'
  | 'task'
  | 'deed'
  | 'progress'
  | 'step'
  | 'checked'
  | 'armed'
  | 'following'
  | 'in-step'
  | 'waiting-for-hands'
  | 'frozen'
  | 'unfrozen'
  | 'repairing'
  | 'way-back'
  | 'proof'
  | 'plan'
  | 'interrupted'
  | 'done'
  | 'failed'

export function createOutput(json: boolean): Output {
  const standing = json ? null : new StandingLine(process.stderr, styleFor(process.stderr))
  const line = (text = ''): void => {
    standing?.clear()
    if (!json) process.stdout.write(`${wrapSentences(text, columnsOf(process.stdout))}\n`)
  }
  const note = (text: string): void => {
    standing?.clear()
    if (!json) process.stderr.write(`${wrapSentences(text, columnsOf(process.stderr))}\n`)
  }
  const event: Output['event'] = (name, facts) => {
    if (json) process.stdout.write(`${JSON.stringify({ event: name, ...facts }, jsonValue)}\n`)
  }
  return {
    json,
    line,
    note,
    status: (text) => standing?.show(text),
    clearStatus: () => standing?.clear(),
    event,
    failure(failure, does = 'writes') {
      const { code, params, retryable } = failure
      const words = sayFailure(failure, 'en', does)
      event('failed', { code, params, retryable, ...words, exitCode: exitCodeOf(failure) })
      const { bold, dim } = styleFor(process.stderr)
      const columns = columnsOf(process.stderr)
      note(bold(wrap(`keyferry: ${words.what}`, columns)))
      note(wrap(words.safe, columns, '  '))
      note(wrap(words.todo, columns, '  '))
      note(dim(`  (${code})`))
    },
  }
}

/** Numbers stay numbers; what does not fit into one exactly goes as a string. */
function jsonValue(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

/** Lets a reader of our output leave early (`| head`) without ending what we do. Call once. */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
}
