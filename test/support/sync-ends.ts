import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Connection } from '../../src-main/contract/connection.ts'
import { verifySpecSchema, type VerifyResult } from '../../src-main/contract/verify.ts'
import { runVerify } from '../../src-main/engine/verify/verify.ts'
import type { RedisServer } from './redis-server.ts'
import type { SyncProcess } from './sync-process.ts'
import type { TlsFiles } from './tls-files.ts'

/** Every expiry of all servers is compared meanwhile, on a machine that may be busy. */
const drainLimitMs = 600_000

export function connectionTo(
  { port, tls = null }: { readonly port: number; readonly tls?: TlsFiles | null },
  password?: string,
): Connection {
  return {
    host: '127.0.0.1',
    port,
    ...(password !== undefined && { password }),
    ...(tls !== null && { tls: { ca: tls.ca, verify: true } }),
  }
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
  await sync.until(({ phase }) => phase === 'drained', drainLimitMs)
}

interface Compared {
  readonly compared: number
  readonly differences: readonly string[]
}

/**
 * What differs between a target, a cluster's masters maybe, and several sources together, all standing still: each value by its digest, each expiry
 * to the millisecond, and keys that only one side has. A key that expired while it was looked at is looked at once more:
 * then it must be gone from both.
 */
export async function differencesFromAll(
  sources: readonly RedisServer[],
  ...targets: readonly RedisServer[]
): Promise<Compared> {
  const deadline = Date.now() + 30_000
  let undecided = null as ReadonlySet<string> | null
  for (;;) {
    const wanted = await allKeysOf(sources)
    const found = await allKeysOf(targets)
    const now = Date.now()
    const expired = (seen: Seen | undefined): boolean =>
      seen !== undefined && (seen.expireAt === -2 || (seen.expireAt > 0 && seen.expireAt <= now))
    const differing = [...new Set([...wanted.keys(), ...found.keys()])].filter((key) => {
      const [one, other] = [wanted.get(key), found.get(key)]
      return one?.digest !== other?.digest || one?.expireAt !== other?.expireAt
    })
    const lasting = differing.filter((key) => !expired(wanted.get(key)) && !expired(found.get(key)))
    const before = undecided
    undecided = new Set(differing.filter((key) => before?.has(key) ?? !lasting.includes(key)))
    if ((undecided.size === 0 && lasting.length === 0) || now > deadline)
      return {
        compared: wanted.size,
        differences: [...new Set([...lasting, ...undecided])].map(
          (key) => `${key}: ${JSON.stringify(wanted.get(key))}, target ${JSON.stringify(found.get(key))}`,
        ),
      }
    await sleep(200)
  }
}

interface Seen {
  readonly digest: string
  /** As PEXPIRETIME tells it: -1 never, -2 gone in between. */
  readonly expireAt: number
}

/** Of several servers that share them out. A key that two of them have counts as one that differs. */
async function allKeysOf(servers: readonly RedisServer[]): Promise<ReadonlyMap<string, Seen>> {
  const all = new Map<string, Seen>()
  for (const keys of await Promise.all(servers.map(everyKey)))
    for (const [key, seen] of keys) all.set(key, all.has(key) ? { ...seen, digest: 'twice' } : seen)
  return all
}

/** By database and key. Our own keys are left out. */
async function everyKey(server: RedisServer): Promise<ReadonlyMap<string, Seen>> {
  const seen = new Map<string, Seen>()
  for (const [, db] of server.cli('INFO', 'keyspace').matchAll(/^db(\d+):/gm)) {
    const redis = new Redis({
      port: server.port,
      db: Number(db),
      disableClientInfo: true,
      ...(server.tls !== null && { tls: { ca: readFileSync(server.tls.ca) } }),
    })
    try {
      const keys = (await redis.callBuffer('KEYS', '*')) as Buffer[]
      const theirs = keys.filter((key) => !key.toString().startsWith('keyferry:'))
      for (let at = 0; at < theirs.length; at += 500) {
        const some = theirs.slice(at, at + 500)
        const digests = (await redis.call('DEBUG', 'DIGEST-VALUE', ...some)) as string[]
        const expiries = await Promise.all(some.map((key) => redis.call('PEXPIRETIME', key)))
        for (const [index, key] of some.entries())
          seen.set(`${db} ${key.toString('latin1')}`, {
            digest: digests[index]!,
            expireAt: Number(expiries[index]),
          })
      }
    } finally {
      redis.disconnect()
    }
  }
  return seen
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
