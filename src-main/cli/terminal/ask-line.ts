import { createInterface } from 'node:readline'
import { FailureError, makeFailure } from '#contract/failure.ts'

/**
 * Asks for a line at the terminal; null where the input ends (Ctrl-D) or `signal` aborts before there is one. Without a
 * question nothing is drawn, so that progress may be shown meanwhile. Ctrl-C goes to who hears it, as everywhere; where
 * that does not abort `signal`, rejects with `job.cancelled`.
 */
export function askLine(question: string, signal?: AbortSignal): Promise<string | null> {
  const { stdin: input, stderr: output } = process
  const lines = createInterface({ input, ...(question !== '' && { output }) })
  let answer: string | null = null
  let isCancelled = false
  const end = (): void => lines.close()
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      answer = line.trim()
      end()
    })
    // Only a terminal that readline itself draws on tells us so; else the system sends the signal.
    lines.once('SIGINT', () => {
      process.emit('SIGINT')
      isCancelled = signal?.aborted !== true
      end()
    })
    lines.once('close', () => {
      signal?.removeEventListener('abort', end)
      if (answer === null && question !== '') output.write('\n')
      if (isCancelled) reject(new FailureError(makeFailure('job.cancelled')))
      else resolve(answer)
    })
    signal?.addEventListener('abort', end, { once: true })
    if (signal?.aborted) end()
    else if (question !== '') {
      lines.setPrompt(question)
      lines.prompt()
    }
  })
}
