import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
export async function drain(sync: SyncProcess, source: RedisServer): Promise<void> {
  sync.give({ type: 'drainTo', offset: sourceOffset(source) })
  await sync.until(({ phase }) => phase === 'drained')
}

/** Every value of both, both ways, to the millisecond. */
export function compareAll(
  source: RedisServer,
  target: RedisServer,
  passwords: { readonly source?: string; readonly target?: string } = {},
): Promise<VerifyResult> {
  const spec = verifySpecSchema.parse({
    source: connectionTo(source, passwords.source),
    target: connectionTo(target, passwords.target),
    mode: 'full',
    expiryToleranceMs: 0,
    rounds: 5,
    roundDelayMs: 200,
  })
  return runVerify(spec, () => undefined, new AbortController().signal)
}
