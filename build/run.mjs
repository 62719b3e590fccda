// How our scripts find the project's own Node and run programs with it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A path inside the project. */
export function inProject(...parts) {
  return join(root, ...parts)
}

/** Whether the Node running this can run the product: commander and better-sqlite3 need 22. */
function enoughNode() {
  return Number.parseInt(process.versions.node, 10) >= 22
}

/** The Node of node_modules, else the one running this. */
export function projectNode() {
  const own = inProject('node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  return existsSync(own) ? own : process.execPath
}

/** Runs the calling script again under the project's Node, unless it runs under one that is new enough. */
export async function underProjectNode() {
  if (enoughNode()) {
    endWithLauncher()
    return
  }
  const node = projectNode()
  if (node === process.execPath) {
    process.stderr.write(
      `This needs Node.js 22 or later, and this is ${process.version}. Run npm ci first.\n`,
    )
    process.exit(2)
  }
  process.exit(await runToEnd(node, process.argv.slice(1), { tethered: true }))
}

/** Who kills the command means what it does: without its launcher, of which this is the second half, it ends too. */
function endWithLauncher() {
  if (!process.connected) return
  process.once('disconnect', () => process.exit(1))
  process.channel.unref()
}

/**
 * Runs a program with our terminal until it ends, and returns its exit code (1 where a signal ended it). Ctrl-C
 * reaches it by itself, being sent to the whole group; other signals are passed on.
 *
 * `stdout: 'stderr'` sends its output there, so that ours stays clean; `hear` gets what it says on both instead of the
 * terminal. `env` is added to our own. A `tethered` program learns when we are gone, however that came.
 */
export function runToEnd(
  program,
  args,
  { stdout = 'inherit', env = {}, cwd = process.cwd(), tethered = false, hear } = {},
) {
  const outputs = hear === undefined ? [stdout === 'stderr' ? 2 : stdout, 'inherit'] : ['pipe', 'pipe']
  const child = spawn(program, args, {
    stdio: ['inherit', ...outputs, ...(tethered ? ['ipc'] : [])],
    cwd,
    env: { ...process.env, PATH: pathWithProject(), ...env },
  })
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', hear)
  const ignore = () => undefined
  const pass = (signal) => child.kill(signal)
  process.on('SIGINT', ignore)
  process.on('SIGTERM', pass)
  process.on('SIGHUP', pass)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    // What it said last comes after its exit, and before its close.
    child.once(hear === undefined ? 'exit' : 'close', (code) => {
      process.off('SIGINT', ignore)
      process.off('SIGTERM', pass)
      process.off('SIGHUP', pass)
      resolve(code ?? 1)
    })
  })
}

/** PATH with the project's programs, its Node among them, in front. */
function pathWithProject() {
  const separator = process.platform === 'win32' ? ';' : ':'
  return `${inProject('node_modules', '.bin')}${separator}${process.env.PATH ?? ''}`
}
