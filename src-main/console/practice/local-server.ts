import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { freePort } from '#engine/redis/free-port.ts'
import { findServerProgram, type ServerProgram } from '#engine/redis/server-program.ts'

/** A server of our own, on 127.0.0.1, without persistence. Disposing of it ends the process. */
export interface LocalServer extends AsyncDisposable {
  readonly connection: Connection
  readonly port: number
  readonly control: Control
}

const host = '127.0.0.1'
const startLimitMs = 10_000

/** Finds a server's program on this machine. Fails with `usage.missing-prerequisite`. */
export function requireServerProgram(): ServerProgram {
  return (
    findServerProgram() ??
    fail('usage.missing-prerequisite', {
      program: 'redis-server or valkey-server',
      command: 'sudo apt-get install redis-server',
    })
  )
}

/** Starts a server with its files in `dir` and waits until it answers. */
export async function startLocalServer(
  { path, major }: ServerProgram,
  dir: string,
  password?: string,
): Promise<LocalServer> {
  mkdirSync(dir)
  const port = await freePort(host)
  const connection = { host, port, ...(password !== undefined && { password }) }
  const args = ['--port', String(port), '--bind', host, '--dir', dir, '--save', '', '--appendonly', 'no']
  // Since 7.0 DEBUG, which the comparison asks for a digest, is off unless allowed.
  if (major >= 7) args.push('--enable-debug-command', 'local')
  if (password !== undefined) args.push('--requirepass', password)
  // Nothing else waits for a snapshot here, so none needs to be waited for either.
  if (major >= 3) args.push('--repl-diskless-sync-delay', '0')
  // Of its own group: Ctrl-C on a terminal is for us, who end it when its time has come.
  const child = spawn(path, args, { stdio: 'ignore', detached: true })
  const endWithUs = (): void => void child.kill('SIGKILL')
  process.on('exit', endWithUs)
  const stop = async (): Promise<void> => {
    await ended(child)
    process.off('exit', endWithUs)
  }
  try {
    const control = await untilAnswering(child, connection)
    return {
      connection,
      port,
      control,
      async [Symbol.asyncDispose]() {
        control.close()
        await stop()
      },
    }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

async function untilAnswering(child: ChildProcess, connection: Connection): Promise<Control> {
  const deadline = Date.now() + startLimitMs
  for (;;) {
    try {
      return await openControl(connection)
    } catch (thrown) {
      if (child.exitCode !== null || Date.now() > deadline) throw thrown
      await sleep(20)
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const impatience = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await gone
  clearTimeout(impatience)
}
