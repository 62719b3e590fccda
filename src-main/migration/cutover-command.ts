import { spawn } from 'node:child_process'
import type { Connection } from '#contract/connection.ts'
import { commandLimitMs, type CutoverCommand } from '#contract/cutover-command.ts'
import { fail } from '#contract/failure.ts'
import { secretsOf } from '#contract/secrets.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import type { RunServices } from './services.ts'

export interface CutoverRequest {
  readonly words: readonly string[]
  /** Where applications come from, and where they go now. */
  readonly sources: readonly Connection[]
  readonly target: Connection
  /** Also where it may have run already. */
  readonly again?: boolean | undefined
  readonly limitMs?: number
}

const linesKept = 20
const longestLine = 400
const bytesKept = 64 * 1024

/**
 * Runs what an operator wants run at the moment of the cutover, once for a task, and writes in its record what came of
 * it. The addresses are in its environment (`KEYFERRY_FROM`, `KEYFERRY_TO`, each with `_HOST` and `_PORT`), passwords
 * are not. No shell reads it: whoever wants one names it. Fails with `command.failed` where it does not end with 0 in
 * time, and with `command.lost` where it was begun before and nobody knows how it ended, unless it is to be run `again`.
 */
export async function tellCutover(
  { book }: Pick<RunServices, 'book'>,
  id: string,
  { words, sources, target, again = false, limitMs = commandLimitMs }: CutoverRequest,
): Promise<void> {
  const { name, record } = book.get(id)
  const before = record.command?.state
  if (before === 'done') return
  const [program = '', ...args] = words
  if ((before === 'lost' || before === 'running') && !again) fail('command.lost', { program })
  const secrets = [...sources, target].flatMap((server) => Object.values(secretsOf(server)))
  const masked = (text: string): string =>
    secrets.reduce((sofar, secret) => sofar.replaceAll(secret, '•••••'), text)
  const begun: CutoverCommand = {
    words: words.map(masked),
    state: 'running',
    startedAt: Date.now(),
    endedAt: null,
    exitCode: null,
    output: [],
  }
  book.change(id, { command: begun })
  const environment = {
    ...withoutOurs(process.env),
    KEYFERRY_TASK: id,
    KEYFERRY_PROFILE: name,
    ...addressesOf('KEYFERRY_FROM', sources),
    ...addressesOf('KEYFERRY_TO', [target]),
  }
  const { exitCode, said, reason } = await run(program, args, environment, limitMs)
  const output = lastLines(masked(said))
  const done = exitCode === 0
  const ended = { ...begun, state: done ? 'done' : 'failed', endedAt: Date.now(), exitCode, output } as const
  book.change(id, { command: ended })
  const ms = ended.endedAt - begun.startedAt
  if (done) {
    book.tell(id, 'info', 'command.done', { program, ms })
    return
  }
  const facts = { program, reason: reason ?? `exit code ${exitCode ?? ''}` }
  book.tell(id, 'error', 'command.failed', { ...facts, said: output.at(-1) ?? '' })
  fail('command.failed', facts)
}

interface Ended {
  readonly exitCode: number | null
  readonly said: string
  /** Why there is no exit code. */
  readonly reason: string | null
}

/** Never rejects. What it has started is ended with it when it takes too long. */
function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  limitMs: number,
): Promise<Ended> {
  return new Promise((resolve) => {
    const alone = process.platform !== 'win32'
    const child = spawn(program, args, {
      env,
      shell: false,
      detached: alone,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = Buffer.alloc(0)
    let late = false
    const kill = (): void => {
      late = true
      try {
        if (alone && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
        else child.kill('SIGKILL')
      } catch {
        // Gone in this very moment.
      }
      // Who has left its group may hold the streams for ever.
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const timer = setTimeout(kill, limitMs)
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said = Buffer.concat([said, chunk]).subarray(-bytesKept)))
    const end = (exitCode: number | null, reason: string | null): void => {
      clearTimeout(timer)
      resolve({ exitCode, said: said.toString('utf8'), reason })
    }
    child.once('error', (error: NodeJS.ErrnoException) => end(null, error.code ?? 'not started'))
    child.once('close', (exitCode, signal) =>
      end(exitCode, late ? `no end within ${limitMs / 1000} s` : signal),
    )
  })
}

/** The passwords that this process may have been given are not for what it starts. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('KEYFERRY_')))
}

/** Host and port by themselves where there is but one. */
function addressesOf(name: string, servers: readonly Connection[]): NodeJS.ProcessEnv {
  const [{ host, port } = { host: '', port: 0 }, ...others] = servers
  return {
    [name]: servers.map(hostAndPort).join(','),
    ...(others.length === 0 && { [`${name}_HOST`]: host, [`${name}_PORT`]: String(port) }),
  }
}

function lastLines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\p{Cc}/gu, '').slice(0, longestLine))
    .filter((line) => line.trim() !== '')
    .slice(-linesKept)
}
