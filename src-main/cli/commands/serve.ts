import type { Command } from 'commander'
import { perform } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { addMetricsFlag, openMetrics, type MetricsFlag } from '../metrics-flag.ts'
import { wholeNumber } from '../option-values.ts'
import { withPort } from '../port.ts'

interface ServeFlags extends MetricsFlag {
  readonly port: number
  readonly open?: true
}

export function define(command: Command): void {
  command
    .option('--port <number>', 'the port on 127.0.0.1; 0 takes a free one', wholeNumber(0, 65535), 0)
    .option('--open', 'open the console in the browser')
  addMetricsFlag(command).action((flags: ServeFlags) =>
    perform(false, async (output) => {
      const { startServe } = await import('../../serve/start-serve.ts')
      using interrupt = interruptible(() => output.note('Stopping.'))
      await using served = await withPort('--port', flags.port, () => startServe({ port: flags.port }))
      await using _metrics = await openMetrics(flags, served.tasks, output)
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
