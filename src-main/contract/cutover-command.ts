import { z } from 'zod'

/** A program and what it is told, as words: no shell reads them. */
export const commandWordsSchema = z.array(z.string().max(4096)).min(1).max(64)

/** How long it may take, milliseconds. */
export const commandLimitMs = 60_000

/** What came of the command that a person has run at the cutover. */
export interface CutoverCommand {
  readonly words: readonly string[]
  readonly state: 'running' | 'done' | 'failed'
  readonly startedAt: number
  readonly endedAt: number | null
  /** Null where it could not be started, was ended by a signal, or took too long. */
  readonly exitCode: number | null
  /** The last lines it said, on both streams, without secrets. */
  readonly output: readonly string[]
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
