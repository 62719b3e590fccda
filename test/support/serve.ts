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
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string
  /** A fresh address that signs one browser in, as Enter in the terminal gives it. */
  invite(): Promise<string>
  /** Everything printed so far, on both streams. */
  output(): string
  /** Ends the process as a crash would. */
  kill9(): Promise<void>
}

/** Starts the built console on a free port, or on the one given. A `home` given is kept at the end. */
export async function startServed(port = 0, kept?: string): Promise<Served> {
  const entry = join(projectRoot, 'out/main/serve.js')
  if (!existsSync(entry)) throw new Error('out/ is not built: npm run build')
  const home = kept ?? (await mkdtemp(join(tmpdir(), 'keyferry-home-')))
  const child = spawn(process.execPath, [entry, String(port)], {
    env: { ...process.env, KEYFERRY_HOME: home },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (printed += data.toString()))
  const exited = once(child, 'exit')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const nextLine = async (): Promise<string> => {
    const ended = exited.then(() => ({ value: undefined, done: true }))
    const { value } = (await Promise.race([lines.next(), ended])) as IteratorResult<string, undefined>
    if (value === undefined) throw new Error(`the console ended: ${printed}`)
    return value
  }

  const printedFirst = await nextLine()
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
      return nextLine()
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
