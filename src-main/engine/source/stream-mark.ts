import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { StreamMark } from '#contract/sync.ts'
import { dial } from '../redis/dial.ts'
import { parseInfo, type Info } from '../redis/info.ts'
import { ReplyError } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { Link } from '../resp/link.ts'
import { greet, refusalOf } from './greeting.ts'
import { SocketConversation } from './socket-conversation.ts'

export interface MarkOptions {
  /** Of our connections. */
  readonly name: string
  /** A key of ours, in database 0, written and taken away again. */
  readonly key: string
  readonly signal: AbortSignal
}

const wakeLimitMs = 15_000
const lookEveryMs = 20

/**
 * The place a server's replication stream has come to, to be gone on from: a server that keeps none begins one, and
 * keeps what follows for `repl-backlog-ttl` seconds at least. Database 0 is selected there: the stream names a database
 * only where it changes, so one of our own keys is written before. Fails with `source.no-stream` where the server lets
 * nobody have its stream, or is a replica or a node of a cluster.
 */
export async function markStream(connection: Connection, options: MarkOptions): Promise<StreamMark> {
  const { name, key, signal } = options
  using link = await Link.open(connection, { name, signal })
  const before = await look(link)
  if (before.get('role') !== 'master' || before.get('cluster_enabled') === '1')
    fail('source.no-stream', { address: addressOf(connection) })
  if (before.get('repl_backlog_active') !== '1') await wake(connection, link, name, signal)
  // One write, so that the server has nothing else to do in between.
  const commands = [['SELECT', 0], ['SET', key, 1], ['DEL', key], ['INFO']] as const
  const replies = await link.exchange(
    Buffer.concat(commands.map((words) => encodeCommand(words))),
    commands.length,
  )
  const refused = replies.find((reply) => reply instanceof ReplyError)
  if (refused !== undefined) fail('source.no-stream', { address: addressOf(connection), reply: refused.text })
  return markOf(parseInfo(String(replies.at(-1))))
}

/** Asks for a snapshot and hangs up as soon as the server keeps a backlog: before 7.0 it may have begun to save. */
async function wake(connection: Connection, link: Link, name: string, signal: AbortSignal): Promise<void> {
  const address = addressOf(connection)
  const { stream } = await dial(connection, { signal })
  try {
    const talk = new SocketConversation(stream, address)
    await greet(talk, connection, name)
    await refusalOf(talk, address, 'REPLCONF', 'capa', 'eof', 'capa', 'psync2')
    // No key of it is wanted, and then no file is written.
    await refusalOf(talk, address, 'REPLCONF', 'rdb-filter-only', '')
    talk.send(['PSYNC', '?', -1])
    let said = ''
    void talk.readLine().then(
      (line) => (said = line),
      () => undefined,
    )
    const deadline = Date.now() + wakeLimitMs
    while ((await look(link)).get('repl_backlog_active') !== '1') {
      if (said.startsWith('-') || Date.now() > deadline)
        fail('source.no-stream', { address, ...(said.startsWith('-') && { reply: said.slice(1) }) })
      await sleep(lookEveryMs, undefined, { signal })
    }
  } finally {
    stream.destroy()
  }
}

async function look(link: Link): Promise<Info> {
  return parseInfo(String(await link.ask(['INFO'])))
}

/** Up to 3.2 a stream has the name of the process. */
function markOf(info: Info): StreamMark {
  return {
    replid: info.get('master_replid') ?? info.get('run_id') ?? '',
    offset: Number(info.get('master_repl_offset')),
  }
}
