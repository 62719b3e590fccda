import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Connection } from '../../src-main/contract/connection.ts'
import { verifySpecSchema, type VerifyResult } from '../../src-main/contract/verify.ts'
import { runVerify } from '../../src-main/engine/verify/verify.ts'
import type { RedisServer } from './redis-server.ts'
import type { SyncProcess } from './sync-process.ts'

export function connectionTo(server: { readonly port: number }, password?: string): Connection {
  return { host: '127.0.0.1', port: server.port, ...(password === undefined ? {} : { password }) }
}

/** A folder for a task's spool, removed at the end. */
export function taskFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'keyferry-task-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export function sourceOffset(server: RedisServer): number {
  return Number(/master_repl_offset:(\d+)/.exec(server.cli('INFO', 'replication'))![1])
}

export function infoField(server: RedisServer, section: string, field: string): string {
  return new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(server.cli('INFO', section))?.[1] ?? ''
}

/** The writer has stopped: brings the sync to its end, every expiry the source's own. */
export async function drain(sync: SyncProcess, ...sources: readonly RedisServer[]): Promise<void> {
  sync.give({ type: 'drainTo', offsets: sources.map(sourceOffset) })
  await sync.until(({ phase }) => phase === 'drained')
}

interface Compared {
  readonly compared: number
  readonly differences: readonly string[]
}

/**
 * What differs between a target and several sources together, all standing still: each value by its digest, each expiry
 * to the millisecond, and keys that only one side has. Keys that expire between two looks are not held against anyone:
 * it is looked again, until nothing near its end is left.
 */
export async function differencesFromAll(
  sources: readonly RedisServer[],
  target: RedisServer,
): Promise<Compared> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const found = await lookForDifferences(sources, target)
    if (found.differences.length === 0 || Date.now() > deadline) return found
    await sleep(500)
  }
}

async function lookForDifferences(sources: readonly RedisServer[], target: RedisServer): Promise<Compared> {
  const wanted = (await Promise.all(sources.map(everyKey))).flat().sort()
  const found = new Set(await everyKey(target))
  const missing = wanted.filter((line) => !found.delete(line))
  return {
    compared: wanted.length,
    differences: [
      ...missing.map((line) => `source: ${line}`),
      ...[...found].map((line) => `target: ${line}`),
    ],
  }
}

/** A line each: database, key, digest of the value, expiry. Our own keys are left out. */
async function everyKey(server: RedisServer): Promise<readonly string[]> {
  const lines: string[] = []
  for (const [, db] of server.cli('INFO', 'keyspace').matchAll(/^db(\d+):/gm)) {
    const redis = new Redis({ port: server.port, db: Number(db), disableClientInfo: true })
    try {
      const keys = (await redis.callBuffer('KEYS', '*')) as Buffer[]
      const theirs = keys.filter((key) => !key.toString().startsWith('keyferry:'))
      for (let at = 0; at < theirs.length; at += 500) {
        const some = theirs.slice(at, at + 500)
        const digests = (await redis.call('DEBUG', 'DIGEST-VALUE', ...some)) as string[]
        const expiries = await Promise.all(some.map((key) => redis.call('PEXPIRETIME', key)))
        for (const [index, key] of some.entries())
          lines.push(`${db} ${key.toString('latin1')} ${digests[index]} ${String(expiries[index])}`)
      }
    } finally {
      redis.disconnect()
    }
  }
  return lines
}

/** Every value of both, both ways, expiries to the millisecond unless told otherwise. */
export function compareAll(
  source: RedisServer,
  target: RedisServer,
  passwords: { readonly source?: string; readonly target?: string } = {},
  expiryToleranceMs = 0,
): Promise<VerifyResult> {
  const spec = verifySpecSchema.parse({
    source: connectionTo(source, passwords.source),
    target: connectionTo(target, passwords.target),
    mode: 'full',
    expiryToleranceMs,
    rounds: 5,
    roundDelayMs: 200,
  })
  return runVerify(spec, () => undefined, new AbortController().signal)
}
