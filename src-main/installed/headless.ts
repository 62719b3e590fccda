import { app } from 'electron'
import { spawnSync } from 'node:child_process'
import { runCommandLine } from '../cli/program.ts'

/** Without it Chromium looks for a display, before any code of ours could tell it that none is needed. */
const headless = '--ozone-platform=headless'
/** No page is ever loaded, so there is nothing to be kept in a sandbox; root has none at all. */
const switches = [headless, '--no-sandbox', '--disable-gpu', '--log-level=3']

/** Whether an argument is meant for Chromium, which leaves it among ours (see also `build/linux/keyferry`). */
export function isOurSwitch(arg: string): boolean {
  return switches.includes(arg)
}

/** Started for the command line alone: there may be no display at all. */
export function isHeadless(): boolean {
  return process.argv.includes(headless)
}

/** Runs a command of the command line in this process, and ends the process with its exit code. */
export function runHeadless(args: readonly string[]): void {
  if (process.platform === 'linux' && !isHeadless()) startAgainHeadless(args)
  app.disableHardwareAcceleration()
  app.dock?.hide()
  void app
    .whenReady()
    .then(() => runCommandLine(args))
    .then(() => app.exit(Number(process.exitCode ?? 0)))
}

/** The same program once more, with the switches that can only be given at its start. Does not return. */
function startAgainHeadless(args: readonly string[]): never {
  // Ctrl-C goes to both: the second ends in order, the first waits for it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const folder = app.isPackaged ? [] : [app.getAppPath()]
  const { status } = spawnSync(process.execPath, [...switches, ...folder, ...args], { stdio: 'inherit' })
  process.exit(status ?? 1)
}
