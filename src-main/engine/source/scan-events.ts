import type { Connection } from '#contract/connection.ts'
import { FailureError, makeFailure } from '#contract/failure.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'

/** What a server publishes of each change to a key: `__keyevent@<db>__:<event>`, the key as the message. */
const pattern = '__keyevent@*__:*'
const beforeDb = '__keyevent@'.length
const signOfLifeEveryMs = 3_000
const longestSilenceMs = 15_000

export interface ListenOptions {
  readonly name: string
  /** The server hears us: what it publishes from now on is told. */
  readonly onListening: () => void
  readonly onKey: (db: number, key: Buffer) => void
  readonly signal: AbortSignal
}

/**
 * Listens for the keyspace events of one server (2.8). What is published while nobody listens is gone. Ends by
 * rejecting: with `auth.no-permission` where the events' channels are not ours to listen to, as `Link.open` does, or
 * when the link is lost.
 */
export async function listenForKeys(connection: Connection, options: ListenOptions): Promise<never> {
  const { name, onListening, onKey, signal } = options
  using link = await Link.open(connection, { name, signal })
  using _ending = link.endWith(signal)
  const { address } = link
  let heardAt = Date.now()
  link.listen((reply) => {
    heardAt = Date.now()
    const event = keyEventOf(reply)
    if (event !== null) onKey(event.db, event.key)
  })
  const reply = await link.call(['PSUBSCRIBE', pattern])
  if (reply instanceof ReplyError)
    throw new FailureError(classifyReplyError(reply.text, { address, command: 'PSUBSCRIBE' }))
  onListening()
  const ping = encodeCommand(['PING'])
  const life = setInterval(() => {
    // A wire that is dead looks like a server where nothing changes. Before 3.0 the answer is an error, and a sign of life.
    if (Date.now() - heardAt > longestSilenceMs) link.close()
    else link.write(ping, 0, unheard)
  }, signOfLifeEveryMs)
  try {
    if (link.failure === null) await new Promise<void>((resolve) => link.socket.once('close', resolve))
    throw new FailureError(link.failure ?? makeFailure('connect.lost', { address }))
  } finally {
    clearInterval(life)
  }
}

/** Does the server let us listen? Whether it tells anything is another matter. Fails as `Link.open` does. */
export async function mayListen(connection: Connection, name: string): Promise<boolean> {
  using link = await Link.open(connection, { name })
  return !((await link.call(['PSUBSCRIBE', pattern])) instanceof ReplyError)
}

const unheard = { reply: () => undefined, oks: () => undefined, lost: () => undefined }

/** Null for all that is no event of a key that may have been changed. */
export function keyEventOf(reply: Reply): { readonly db: number; readonly key: Buffer } | null {
  if (!Array.isArray(reply) || reply.length !== 4) return null
  const [kind, , channel, key] = reply as readonly Reply[]
  if (!Buffer.isBuffer(channel) || !Buffer.isBuffer(key) || String(kind) !== 'pmessage') return null
  let db = 0
  let at = beforeDb
  for (let digit = channel[at]! - 48; digit >= 0 && digit <= 9; digit = channel[at]! - 48) {
    db = db * 10 + digit
    at += 1
  }
  // Behind `__:` stands the event. `keymiss` (6.0) tells of a read, where somebody has asked for that.
  return channel.subarray(at + 3).equals(keyMiss) ? null : { db, key }
}

const keyMiss = Buffer.from('keymiss')

/** Whether `notify-keyspace-events`, as CONFIG GET gives it, has a server tell of every change there is an event for. */
export function tellsOfKeys(setting: string): boolean {
  return setting.includes('E') && setting.includes('A')
}

/** The same setting with what `tellsOfKeys` needs, in the form that CONFIG GET gives it back (`notify.c`). */
export function tellingOfKeys(setting: string): string {
  return `A${['K', 'E', 'm', 'n'].filter((one) => one === 'E' || setting.includes(one)).join('')}`
}
