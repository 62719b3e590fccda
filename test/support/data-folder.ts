import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach } from 'vitest'
import type { TaskView } from '#contract/task.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { openMigrations, type Migrations, type MigrationsRequest } from '#migration/open.ts'

const worker = new URL('../../src-main/engine/worker/main.ts', import.meta.url)

/** Threads of the engine, from its source. */
export const startJobs = (): MigrationsRequest['jobs'] => createJobRunner(worker)

export interface DataFolder {
  /** Of the test that runs now. */
  readonly path: string
  /** The migrations kept in it, as a window or a command line opens them. */
  open(options?: Partial<Omit<MigrationsRequest, 'folder'>>): Migrations
}

/** Keyferry's data folder: one for each test of the file, gone after it. */
export function dataFolderForEachTest(): DataFolder {
  let path = ''
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'keyferry-home-'))
  })
  afterEach(() => rmSync(path, { recursive: true, force: true }))
  return {
    get path() {
      return path
    },
    open: (options) => openMigrations({ folder: path, jobs: startJobs(), ...options }),
  }
}

/** Waits until the task is as `wanted`; throws how it was last, once it failed or `limitMs` have passed. */
export async function untilTask(
  { tasks }: Migrations,
  id: string,
  wanted: (view: TaskView) => boolean | Promise<boolean>,
  limitMs = 60_000,
): Promise<TaskView> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const view = tasks.get(id)
    if (await wanted(view)) return view
    if (Date.now() > deadline || view.state === 'failed')
      throw new Error(
        `never as wanted: ${JSON.stringify({ ...view, progress: view.progress?.phase }, null, 1)}`,
      )
    await sleep(50)
  }
}
