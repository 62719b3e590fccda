import { openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { ReadStream } from 'node:tty'
import { fail, FailureError, makeFailure } from '#contract/failure.ts'

/**
 * Asks for a line without showing what is typed. Where no terminal is attached, the first line of stdin is the
 * answer, so that `pass show redis | keyferry … -A -` works. The question goes to stderr.
 */
export function askHidden(question: string): Promise<string> {
  return process.stdin.isTTY ? askTerminal(question, process.stdin) : readFirstLine()
}

/** The same where stdin holds the data: the terminal is asked past it. Fails with `usage.invalid` without one. */
export async function askPastStdin(question: string): Promise<string> {
  const terminal = openTerminal()
  try {
    return await askTerminal(question, terminal)
  } finally {
    terminal.destroy()
  }
}

function openTerminal(): ReadStream {
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch {
    return fail('usage.invalid', {
      field: '-A',
      reason: 'stdin holds the data, and there is no terminal to ask at: set KEYFERRY_TARGET_PASSWORD',
    })
  }
}

async function readFirstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin })
  for await (const line of lines) {
    lines.close()
    return line
  }
  return ''
}

function askTerminal(question: string, terminal: ReadStream): Promise<string> {
  const { stderr } = process
  stderr.write(question)
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (): void => {
      terminal.off('data', hear)
      terminal.setRawMode(false)
      terminal.pause()
      stderr.write('\n')
    }
    const hear = (data: string): void => {
      for (const character of data) {
        if (character === '\r' || character === '\n' || character === '\u0004') {
          end()
          resolve(typed)
          return
        }
        if (character === '\u0003') {
          end()
          reject(new FailureError(makeFailure('job.cancelled')))
          return
        }
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('')
        else if (character === '\u0015') typed = ''
        else if (character >= ' ') typed += character
      }
    }
    terminal.setEncoding('utf8')
    terminal.setRawMode(true)
    terminal.on('data', hear)
    terminal.resume()
  })
}
