import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface CliRun {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The lines of stdout, read as JSON. */
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What is typed or piped into stdin, which is then closed. */
  readonly input?: string | Buffer
  readonly timeoutMs?: number
  /** The command line as it was built, instead of its source. */
  readonly built?: boolean
}

export interface RunningCli {
  readonly pid: number
  readonly ended: Promise<CliRun>
  signal(name: NodeJS.Signals): void
  /** Reads no more of its stdout, as `head` does when it has enough. */
  closeStdout(): void
  /** Resolves once stdout or stderr have said this; rejects if it ends before. */
  says(pattern: RegExp): Promise<void>
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const node = `${root}node_modules/node/bin/node`
const main = { source: `${root}src-main/cli/main.ts`, built: `${root}out/main/cli.js` }

/** Runs `keyferry …` from source, under the project's Node, to its end. Killed after 30 s unless told otherwise. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  return startCli(args, options).ended
}

/** Starts `keyferry …`. Its output is no terminal, as in a script. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const { env = {}, input, timeoutMs = 30_000, built = false } = options
  const child = spawn(node, [built ? main.built : main.source, ...args], {
    env: { ...process.env, KEYFERRY_TARGET_PASSWORD: '', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  // One that ends before it has read everything is told by how it ended.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]!.setEncoding('utf8')
    child[stream]!.on('data', (text: string) => {
      output[stream] += text
    })
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const ended = new Promise<CliRun>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code, ...output, events: jsonLines(output.stdout) })
    })
  })
  return {
    pid: child.pid!,
    ended,
    signal: (name) => void child.kill(name),
    closeStdout: () => child.stdout?.destroy(),
    says(pattern) {
      const said = (): boolean => pattern.test(output.stdout) || pattern.test(output.stderr)
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (said()) resolve()
        }
        look()
        child.stdout!.on('data', look)
        child.stderr!.on('data', look)
        child.once('close', () => {
          if (!said())
            reject(new Error(`it ended without saying ${pattern}:\n${output.stderr}${output.stdout}`))
        })
      })
    },
  }
}

function jsonLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  if (!text.startsWith('{')) return []
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
