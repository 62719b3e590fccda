import { z } from 'zod'

/** A program and what it is told, as words: no shell reads them. */
export const commandWordsSchema = z.array(z.string().max(4096)).min(1).max(64)

/**
 * The same where a profile keeps it: written on one line, and nothing in it that is not seen, as marks that turn the
 * direction of writing: a person consents to what he reads.
 */
export const keptCommandSchema = commandWordsSchema.refine((words) =>
  words.every((word) => !unseen.test(word)),
)
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** How a command that a profile keeps stands on this machine: it runs only if somebody here has consented to it. */
export interface CommandConsent {
  /** Of its words: SHA-256 in hex. */
  readonly digest: string
  readonly given: boolean
}

/** How long it may take, milliseconds. */
export const commandLimitMs = 60_000

/** What came of the command that a person has run at the cutover. */
export interface CutoverCommand {
  readonly words: readonly string[]
  /** `lost`: Keyferry was ended while it ran. It may have done all, a part, or nothing. */
  readonly state: 'running' | 'done' | 'failed' | 'lost'
  readonly startedAt: number
  readonly endedAt: number | null
  /** Null where it could not be started, was ended by a signal, or took too long. */
  readonly exitCode: number | null
  /** The last lines it said, on both streams, without secrets. */
  readonly output: readonly string[]
}

/** What can be run where a way back is open: the command of the plan, as long as it has not done its work. Null: nothing. */
export function commandLeft({
  state,
  options,
  command,
}: {
  readonly state: string
  readonly options: { readonly onCutover?: readonly string[] | null }
  readonly command: Pick<CutoverCommand, 'state'> | null
}): readonly string[] | null {
  const isLeft = state === 'way-back' && command?.state !== 'done' && command?.state !== 'running'
  return isLeft ? (options.onCutover ?? null) : null
}

/**
 * The words of a command as it is typed: parted by blanks; quotes keep blanks, and `\` the next character outside of
 * single quotes. Nothing else has a meaning: no variable, no pattern, no pipe. Null where a quote is not closed, or
 * there is no word.
 */
export function wordsOfCommand(text: string): readonly string[] | null {
  const words: string[] = []
  let word: string | null = null
  let quote: string | null = null
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!
    if (character === '\\' && quote !== "'" && at + 1 < text.length) {
      at += 1
      word = (word ?? '') + text[at]!
    } else if (quote !== null) {
      if (character === quote) quote = null
      else word = (word ?? '') + character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word)
      word = null
    } else word = (word ?? '') + character
  }
  if (quote !== null) return null
  if (word !== null) words.push(word)
  return words.length === 0 ? null : words
}

/** A command as it is typed: `wordsOfCommand` makes the same words of it. */
export function lineOfCommand(words: readonly string[]): string {
  return words.map((word) => (/^[^\s'"\\]+$/u.test(word) ? word : quoted(word))).join(' ')
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
