import type { Command } from 'commander'
import { FailureError, makeFailure } from '#contract/failure.ts'
import { perform } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { wholeNumber } from '../option-values.ts'

interface ServeFlags {
  readonly port: number
  readonly open?: true
}

export function define(command: Command): void {
  command
    .option('--port <number>', 'the port on 127.0.0.1; 0 takes a free one', wholeNumber(0, 65535), 0)
    .option('--open', 'open the console in the browser')
    .action((flags: ServeFlags) =>
      perform(false, async (output) => {
        const { startServe } = await import('../../serve/start-serve.ts')
        using interrupt = interruptible(() => output.note('Stopping.'))
        await using served = await startServe({ port: flags.port }).catch((thrown: unknown) => {
          throw portFailure(thrown, flags.port)
        })
        output.line(`The console is at ${served.url}`)
        output.line('The address signs one browser in, once. Enter prints another; Ctrl-C ends the console.')
        if (flags.open) {
          const { openBrowser } = await import('../../serve/open-browser.ts')
          await openBrowser(served.url)
        }
        process.stdin.on('data', () => output.line(served.invite()))
        await new Promise((resolve) => interrupt.signal.addEventListener('abort', resolve))
        process.stdin.destroy()
        return exitCode.done
      }),
    )
}

function portFailure(thrown: unknown, port: number): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'EADDRINUSE')
    return new FailureError(
      makeFailure('usage.invalid', { field: '--port', reason: `port ${port} is taken by another program` }),
    )
  if (code === 'EACCES')
    return new FailureError(
      makeFailure('usage.invalid', { field: '--port', reason: `this user may not listen on port ${port}` }),
    )
  return thrown
}
