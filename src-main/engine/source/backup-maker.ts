import { setTimeout as sleep } from 'node:timers/promises'
import { fail, FailureError, makeFailure } from '#contract/failure.ts'
import { infoNumber, parseInfo, type Info } from '../redis/info.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyError } from '../resp/decode.ts'
import type { Link } from '../resp/link.ts'

/** How often a source that saves is asked how far it is. */
const askEveryMs = 200
/** After so many refusals without anything under way the source does not want to. */
const mostRefusals = 5

/** What INFO calls things, by what is made. 2.4 has other names, and does not tell how a save ended: only LASTSAVE does. */
const fields = {
  rdb: {
    command: 'BGSAVE',
    running: ['rdb_bgsave_in_progress', 'bgsave_in_progress', 'aof_rewrite_in_progress'],
    status: 'rdb_last_bgsave_status',
  },
  aof: {
    command: 'BGREWRITEAOF',
    running: [
      'aof_rewrite_in_progress',
      'bgrewriteaof_in_progress',
      'aof_rewrite_scheduled',
      'rdb_bgsave_in_progress',
    ],
    status: 'aof_last_bgrewrite_status',
  },
} as const

/**
 * Has a source save in the background and waits until it has. One that saves already is waited for first: that
 * began before now. Fails with `backup.not-made`, `connect.*` or `job.cancelled`.
 */
export async function makeBackup(link: Link, kind: 'rdb' | 'aof', signal: AbortSignal): Promise<void> {
  const { command, status } = fields[kind]
  const { address } = link
  const before = await untilIdle(link, kind, signal)
  const savedBefore = kind === 'rdb' && !before.has(status) ? await lastSave(link, signal) : null
  await begin(link, kind, signal)
  const after = await untilIdle(link, kind, signal)
  const failed =
    savedBefore === null
      ? (after.get(status) ?? 'ok') !== 'ok'
      : Number(await link.ask(['LASTSAVE'])) <= savedBefore
  if (failed) fail('backup.not-made', { address, command })
}

/** When it saved last, in whole seconds; by the time this resolves another one has begun. */
async function lastSave(link: Link, signal: AbortSignal): Promise<number> {
  const seconds = Number(await link.ask(['LASTSAVE']))
  await pause(signal, 1_100)
  return seconds
}

async function begin(link: Link, kind: 'rdb' | 'aof', signal: AbortSignal): Promise<void> {
  for (let refusals = 0; ; refusals += 1) {
    await untilIdle(link, kind, signal)
    const reply = await link.call([fields[kind].command])
    if (!(reply instanceof ReplyError)) return
    const { address } = link
    const failure = classifyReplyError(reply.text, { address, command: fields[kind].command })
    // Between our question and our order something else may have begun to save.
    if (failure.code !== 'server.refused' || refusals === mostRefusals)
      throw new FailureError(
        failure.code === 'server.refused'
          ? makeFailure('backup.not-made', {
              address,
              command: fields[kind].command,
              reply: failure.params['reply'] ?? '',
            })
          : failure,
      )
    await pause(signal)
  }
}

async function untilIdle(link: Link, kind: 'rdb' | 'aof', signal: AbortSignal): Promise<Info> {
  for (;;) {
    const info = parseInfo(String(await link.ask(['INFO'])))
    if (fields[kind].running.every((field) => (infoNumber(info, field) ?? 0) === 0)) return info
    await pause(signal)
  }
}

async function pause(signal: AbortSignal, ms = askEveryMs): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => fail('job.cancelled'))
}
