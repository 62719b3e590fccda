import { createInterface } from 'node:readline'
import { FailureError, makeFailure } from '#contract/failure.ts'

/**
 * Asks for a line without showing what is typed. Where no terminal is attached, the first line of stdin is the
 * answer, so that `pass show redis | keyferry … -A -` works. The question goes to stderr.
 */
export function askHidden(question: string): Promise<string> {
  return process.stdin.isTTY ? askTerminal(question) : readFirstLine()
}

async function readFirstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin })
  for await (const line of lines) {
    lines.close()
    return line
  }
  return ''
}

function askTerminal(question: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(question)
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (): void => {
      stdin.off('data', hear)
      stdin.setRawMode(false)
      stdin.pause()
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
    stdin.setEncoding('utf8')
    stdin.setRawMode(true)
    stdin.on('data', hear)
    stdin.resume()
  })
}
