import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Long enough for a browser to start and read the page. */
const keptMs = 30_000

/**
 * Opens `address` in the person's browser. It goes by way of a page only they can read, since the arguments of
 * a process are seen by everybody on the machine and the address carries the token. Without a browser nothing
 * happens.
 */
export async function openBrowser(address: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-'))
  const page = join(folder, 'open.html')
  await writeFile(page, `<!doctype html><meta http-equiv="refresh" content="0; url=${address}">`, {
    mode: 0o600,
  })
  const [command, ...args] = opener(pathToFileURL(page).href)
  const child = spawn(command, args, { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
  setTimeout(() => void rm(folder, { recursive: true, force: true }), keptMs).unref()
}

function opener(url: string): [string, ...string[]] {
  if (process.platform === 'darwin') return ['open', url]
  if (process.platform === 'win32') return ['cmd', '/c', 'start', '', url]
  return ['xdg-open', url]
}
