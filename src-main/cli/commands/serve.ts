import type { Command } from 'commander'
import { fail } from '#contract/failure.ts'
import type { SessionLimits } from '../../serve/sessions.ts'
import type { ServeOptions } from '../../serve/start-serve.ts'
import { perform } from '../command.ts'
import { exitCode } from '../exit-code.ts'
import { interruptible } from '../interrupt.ts'
import { addMetricsFlag, openMetrics, type MetricsFlag } from '../metrics-flag.ts'
import { someText, wholeNumber } from '../option-values.ts'
import { withPort } from '../port.ts'

interface ServeFlags extends MetricsFlag {
  readonly port: number
  readonly host?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly sessionIdle?: number
  readonly sessionLength?: number
  readonly allowCommands?: true
  readonly open?: true
}

const examples = `
Examples:
  keyferry serve
  keyferry serve --port 8080 --host 0.0.0.0 --tls-cert jump.crt \\
    --tls-key jump.key`

const minuteMs = 60_000

export function define(command: Command): void {
  command
    .option('--port <number>', 'the port; 0 takes a free one', wholeNumber(0, 65535), 0)
    .option(
      '--host <address>',
      'the address to listen on, 127.0.0.1 if left out; any other needs a certificate',
    )
    .option('--tls-cert <file>', 'serve over TLS: the certificate in PEM, its chain behind it', someText)
    .option('--tls-key <file>', 'the key of the certificate, in PEM', someText)
    .option(
      '--session-idle <minutes>',
      'sign a browser out that asked for nothing so long (480)',
      wholeNumber(1, 100_000),
    )
    .option(
      '--session-length <hours>',
      'sign a browser out after so long in any case (24)',
      wholeNumber(1, 10_000),
    )
    .option(
      '--allow-commands',
      'let browsers give plans commands to be run on this machine at the cutover, and consent to them',
    )
    .option('--open', 'open the console in the browser')
  addMetricsFlag(command)
    .addHelpText('after', examples)
    .action((flags: ServeFlags) =>
      perform(
        false,
        async (output) => {
          const { startServe } = await import('../../serve/start-serve.ts')
          const options = {
            port: flags.port,
            ...reachOf(flags),
            sessions: await limitsOf(flags),
            commands: flags.allowCommands === true,
          }
          using interrupt = interruptible(() => output.note('Stopping.'))
          await using served = await withPort('--port', flags.port, () => startServe(options))
          await using _metrics = await openMetrics(flags, served.tasks, output)
          if (served.withoutStore !== null) {
            output.failure(served.withoutStore, 'reads')
            output.note(
              'Until then there are no profiles and no migrations in the console; the rest of it works.',
            )
          }
          output.line(`The console is at ${served.url}`)
          output.line(
            'The address signs one browser in, once. Enter prints another, "out" and Enter signs all out; Ctrl-C ends the console.',
          )
          if (flags.open) {
            const { openBrowser } = await import('../../serve/open-browser.ts')
            await openBrowser(served.url)
          }
          process.stdin.on('data', (typed) => {
            if (String(typed).trim() === 'out') served.endSessions()
            output.line(served.invite())
          })
          await new Promise((resolve) => interrupt.signal.addEventListener('abort', resolve))
          process.stdin.destroy()
          return exitCode.done
        },
        'reads',
      ),
    )
}

function reachOf({ host, tlsCert, tlsKey }: ServeFlags): Pick<ServeOptions, 'host' | 'tls'> {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    fail('usage.invalid', {
      field: tlsCert === undefined ? '--tls-cert' : '--tls-key',
      reason: 'one needs the other',
    })
  return {
    ...(host !== undefined && { host }),
    ...(tlsCert !== undefined && tlsKey !== undefined && { tls: { cert: tlsCert, key: tlsKey } }),
  }
}

async function limitsOf({ sessionIdle, sessionLength }: ServeFlags): Promise<SessionLimits> {
  const { usualLimits } = await import('../../serve/sessions.ts')
  return {
    idleMs: sessionIdle === undefined ? usualLimits.idleMs : sessionIdle * minuteMs,
    longestMs: sessionLength === undefined ? usualLimits.longestMs : sessionLength * 60 * minuteMs,
  }
}
