import { createInterface } from 'node:readline/promises'

/** Asks for a word at the terminal; empty where the question is broken off. */
export async function askWord(question: string, signal: AbortSignal): Promise<string> {
  using lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await lines.question(question, { signal })).trim()
  } catch {
    return ''
  }
}
