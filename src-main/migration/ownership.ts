import type { TaskRow } from '#store/tasks.ts'

/** How long a process may be silent before what it worked on counts as abandoned. */
export const ownerLostMs = 10_000

/** Whether the process that works on a task is still there. */
export function isAlive({ ownerPid, ownerSeenAt }: Pick<TaskRow, 'ownerPid' | 'ownerSeenAt'>): boolean {
  if (ownerPid === null || ownerSeenAt === null) return false
  // Silent for long: its number may be another process's by now.
  if (Date.now() - ownerSeenAt > ownerLostMs) return false
  if (ownerPid === process.pid) return ownerSeenAt > startedAt
  try {
    process.kill(ownerPid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A number of ours from before this process was started is not us. */
const startedAt = Date.now() - process.uptime() * 1000
