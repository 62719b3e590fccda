import { access, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const fileName = 'begun'

/** Has a task with this folder been at its target before, and not been finished since? */
export async function wasBegun(folder: string): Promise<boolean> {
  return await access(join(folder, fileName)).then(
    () => true,
    () => false,
  )
}

/**
 * Notes that a task which receives no stream, and so has nothing else on disk, has been at its target: from then on that is
 * waited for. Should it be lost, a target that is away ends the next run instead, and nothing else.
 */
export async function noteBegun(folder: string): Promise<void> {
  await writeFile(join(folder, fileName), '', { mode: 0o600 })
}

/** The task is finished. */
export async function forgetBegun(folder: string): Promise<void> {
  await rm(join(folder, fileName), { force: true })
}
