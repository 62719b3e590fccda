import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { Link } from '../resp/link.ts'
import { freePort, isTaken } from './free-port.ts'
import type { ServerProgram } from './server-program.ts'

const host = '127.0.0.1'
const pollMs = 50
/** Somebody may be faster to take a port that was free. */
const startsTried = 3
const keptOfLog = 4096

/**
 * The shell becomes the server. Beside it stands a watch, which reads lines from whoever has started it: where that
 * one is gone, by kill -9 too, before it has said that the server has ended, the watch ends it; and where it is gone
 * before it has said that the folder has been removed, the watch removes that. Arguments: folder, program, its own.
 */
const watched = `
folder=$1
shift
(
  read -r word <&3 || { kill -9 $$; sleep 1; }
  read -r word <&3 || rm -rf -- "$folder"
) >/dev/null 2>&1 &
exec "$@" 3<&-
`

/**
 * A server of our own on this machine, which nobody else can sign in to, with its files in a folder of its own. Both
 * are gone when it is disposed of, or when this process is gone, whatever ended it.
 */
export class OwnServer implements AsyncDisposable {
  readonly connection: Connection
  readonly #folder: string
  readonly #child: ChildProcess
  /** To the watch beside it. */
  readonly #watch: Writable
  #log = ''
  /** It could not be started at all. */
  #isMissing = false
  /** The watch knows that it has. */
  #hasEnded = false

  private constructor(connection: Connection, folder: string, child: ChildProcess) {
    this.connection = connection
    this.#folder = folder
    this.#child = child
    this.#watch = child.stdio[3] as Writable
    child.on('error', () => {
      this.#isMissing = true
    })
    child.stdout!.setEncoding('utf8')
    child.stdout!.on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-keptOfLog)
    })
    // It could not be started: nobody reads.
    this.#watch.on('error', () => undefined)
  }

  /**
   * Starts one in `folder`, which only we may enter, with these lines of configuration beside those that keep others
   * out. It need not answer yet, nor stay.
   */
  static async start(
    { path }: ServerProgram,
    folder: string,
    settings: readonly string[],
  ): Promise<OwnServer> {
    for (let tries = 1; ; tries += 1) {
      const password = randomBytes(24).toString('hex')
      const port = await freePort(host)
      const config = join(folder, 'server.conf')
      const own = [`bind ${host}`, `port ${port}`, `requirepass ${password}`, 'save ""']
      await writeFile(config, [...own, ...settings, ''].join('\n'), { mode: 0o600 })
      // Of its own group: Ctrl-C on a terminal is for us, who end it when its time has come.
      const child = spawn('/bin/sh', ['-c', watched, 'sh', folder, path, config], {
        // Node closes a child's standard input when it ends: the watch has a pipe of its own.
        stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
        detached: true,
        cwd: folder,
      })
      const server = new OwnServer({ host, port, password }, folder, child)
      if (tries === startsTried || !(await server.#lostItsPort())) return server
      await server.end()
      server.#watch.end('another has the folder\n')
    }
  }

  /** It has ended. */
  get isOver(): boolean {
    return this.#isMissing || this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** The last thing it complained about, without time and process; empty where it said nothing. */
  get complaint(): string {
    const lines = this.#log.split('\n').flatMap((line) => /^\d+:\w .*? # (.+)$/.exec(line)?.[1] ?? [])
    return lines.at(-1)?.trim() ?? ''
  }

  /** Opens a link to it as soon as it answers; while it loads it does. Null where it ends instead. */
  async open(options: { readonly silenceMs: number; readonly signal: AbortSignal }): Promise<Link | null> {
    for (;;) {
      if (options.signal.aborted) fail('job.cancelled')
      if (this.isOver) return null
      try {
        return await Link.open(this.connection, options)
      } catch {
        await sleep(pollMs)
      }
    }
  }

  /** Ends the server; its folder stays. */
  async end(): Promise<void> {
    if (!this.isOver) {
      const gone = once(this.#child, 'exit')
      this.#child.kill('SIGKILL')
      await gone
    }
    if (!this.#hasEnded) this.#watch.write('ended\n')
    this.#hasEnded = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
    await rm(this.#folder, { recursive: true, force: true })
    this.#watch.end('removed\n')
  }

  /** It has ended at once, and somebody else has the port. */
  async #lostItsPort(): Promise<boolean> {
    for (let waits = 0; waits < 10; waits += 1) {
      if (this.isOver) return await isTaken(host, this.connection.port)
      await sleep(pollMs)
    }
    return false
  }
}
