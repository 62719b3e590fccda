import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { startBrowser } from './browser.ts'
import { startRedis, type RedisOptions, type RedisServer } from './redis-server.ts'
import { startServed, type Served } from './serve.ts'

/** A served console, a browser to see it with, a server that backups come from and one that they go to. */
export interface RestoreScene extends AsyncDisposable {
  readonly served: Served
  readonly browser: Browser
  readonly source: RedisServer
  readonly target: RedisServer
  /** For files. */
  readonly folder: string
  /** Saves what the source holds now under this name in the folder; resolves with the path. */
  saved(name: string): Promise<string>
}

export async function setRestoreScene(ofTarget: RedisOptions = {}): Promise<RestoreScene> {
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-files-'))
  const [served, browser, source, target] = await Promise.all([
    startServed(),
    startBrowser(),
    startRedis(),
    startRedis(ofTarget),
  ])
  return {
    served,
    browser,
    source,
    target,
    folder,
    async saved(name) {
      await source.call('SAVE')
      const path = join(folder, name)
      await copyFile(join(source.dir, 'dump.rdb'), path)
      return path
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await served[Symbol.asyncDispose]()
      await Promise.all([source.stop(), target.stop()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
