import { createHash } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** Tells processes of this machine, and of this container, whose numbers mean something to us. */
function machine(): string {
  return createHash('sha1').update(`${hostname()} ${pidNamespace()}`).digest('hex').slice(0, 8)
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/**
 * Makes a folder of ours in `parent`, which only its owner may enter, its name beginning with `what`. Those in it that
 * a process of ours has left behind, one that is certainly gone from this machine, are removed first.
 */
export async function makeTemporaryFolder(parent: string, what: string): Promise<string> {
  const ours = `${what}${machine()}-`
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(ours) ? /^(\d+)-/.exec(name.slice(ours.length))?.[1] : undefined
    if (pid === undefined || !isGone(Number(pid))) continue
    // Somebody else's, or in use in a way we do not foresee: it is in nobody's way.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined)
  }
  return await mkdtemp(join(parent, `${ours}${process.pid}-`))
}

/** True only when it is certain. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
