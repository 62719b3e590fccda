import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

export const projectRoot = resolve(import.meta.dirname, '../..')

/** A console served by a process of its own, with a data folder of its own. */
export interface Served extends AsyncDisposable {
  readonly port: number
  readonly pid: number
  readonly home: string
  /** `http://127.0.0.1:PORT`, or as the certificate has it. */
  readonly origin: string
  /** A fresh address that signs one browser in, as Enter in the terminal gives it. */
  invite(): Promise<string>
  /** Types a line into its terminal; the address that is printed then. */
  type(line: string): Promise<string>
  /** Everything printed so far, on both streams. */
  output(): string
  /** Ends the process as a crash would. */
  kill9(): Promise<void>
}

/**
 * Starts the built console on a free port, or on the one given. A `home` given is kept at the end. With `flags` it is
 * `keyferry serve` that is started, as on a terminal.
 */
export async function startServed(port = 0, kept?: string, flags?: readonly string[]): Promise<Served> {
  const entry = join(projectRoot, flags === undefined ? 'out/main/serve.js' : 'out/main/cli.js')
  const args = flags === undefined ? [String(port)] : ['serve', '--port', String(port), ...flags]
  if (!existsSync(entry)) throw new Error('out/ is not built: npm run build')
  const home = kept ?? (await mkdtemp(join(tmpdir(), 'keyferry-home-')))
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...process.env, KEYFERRY_HOME: home },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (printed += data.toString()))
  const exited = once(child, 'exit')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  /** The next address that is printed, whatever is said around it. */
  const nextAddress = async (): Promise<string> => {
    for (;;) {
      const ended = exited.then(() => ({ value: undefined, done: true }))
      const { value } = (await Promise.race([lines.next(), ended])) as IteratorResult<string, undefined>
      if (value === undefined) throw new Error(`the console ended: ${printed}`)
      const address = /https?:\S+/.exec(value)?.[0]
      if (address !== undefined) return address
    }
  }

  const printedFirst = await nextAddress()
  const unused = [printedFirst]
  const { origin, port: listening } = new URL(printedFirst)
  return {
    port: Number(listening),
    pid: child.pid ?? 0,
    home,
    origin,
    async invite() {
      const first = unused.pop()
      if (first !== undefined) return first
      child.stdin.write('\n')
      return nextAddress()
    },
    async type(line) {
      child.stdin.write(`${line}\n`)
      return nextAddress()
    },
    output: () => printed,
    async kill9() {
      child.kill('SIGKILL')
      await exited
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
      if (kept === undefined) await rm(home, { recursive: true, force: true })
    },
  }
}
