import type { Connection } from '#contract/connection.ts'
import { fail, FailureError, isOfTheLink, makeFailure, toFailure } from '#contract/failure.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import { openControl, type Control } from '#engine/redis/control.ts'
import { hearSentinels } from '#engine/redis/sentinel-hello.ts'
import { sentinelConnection } from '#engine/redis/sentinel.ts'
import { bytesOf, latin1Of, rulesOf, userOf } from './acl.ts'
import { isSentinel } from './foreign.ts'
import type { FreezeRecord, SentinelRecord } from './record.ts'
import type { Place } from './sign-in.ts'
import type { SurveyedNode } from './survey.ts'

/** The Sentinels of a source, as a freeze has to know them. */
export interface WatchingSentinels {
  /** Those that have to be told the new password. */
  readonly sentinels: readonly SentinelRecord[]
  /** What they sign in with now. One character a byte. */
  readonly sentinelPass: string
  /** ACL users of their own that they sign in as. */
  readonly users: readonly string[]
}

const nobody: WatchingSentinels = { sentinels: [], sentinelPass: '', users: [] }

/** Sentinels greet every two seconds (`SENTINEL_PUBLISH_PERIOD`). */
const helloLimitMs = 8_000

/**
 * A Sentinel whose connection was cut comes back within a second or two; one that is quicker to judge would take
 * the primary for dead meanwhile.
 */
const leastDownAfterMs = 2_000

/**
 * Who watches a primary: asked of the Sentinels the connection names, else heard at the primary itself. Rejects
 * when one of them cannot be reached, or would not wait until it is signed in again.
 */
export async function findSentinels(
  connection: Connection,
  primary: SurveyedNode,
  signal?: AbortSignal,
): Promise<WatchingSentinels> {
  const links = primary.clients.filter(isSentinel)
  if (links.length === 0 && connection.sentinel === undefined) return nobody
  const users = new Set(links.map(({ user }) => user).filter((user) => user !== '' && user !== 'default'))
  if (links.length > 0 && links.every(({ user }) => users.has(user))) return { ...nobody, users: [...users] }
  const ids = new Set(links.map(({ name }) => name.split('-')[1] ?? ''))
  const found =
    connection.sentinel === undefined
      ? await hearAll(connection, primary, ids, signal)
      : await askForAll(connection, connection.sentinel.master, signal)
  const address = hostAndPort(primary)
  if (found.length < ids.size) fail('freeze.sentinel-unreachable', { address: `? → ${address}` })
  await Promise.all(found.map((one) => refuseHasty(connection, one, signal)))
  return { sentinels: found, sentinelPass: passOf(connection, primary), users: [] }
}

async function hearAll(
  connection: Connection,
  primary: SurveyedNode,
  ids: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<readonly SentinelRecord[]> {
  const { host, port } = primary
  const heard = await hearSentinels(
    { ...connection, host, port },
    (known) => new Set(known.map(({ id }) => id.slice(0, 8))).size >= ids.size,
    helloLimitMs,
    { signal },
  )
  return heard.map((one) => ({ host: one.host, port: one.port, master: one.master }))
}

async function askForAll(
  connection: Connection,
  master: string,
  signal: AbortSignal | undefined,
): Promise<readonly SentinelRecord[]> {
  const { host, port, sentinel } = connection
  const named = [{ host, port }, ...(sentinel?.others ?? [])]
  let failure: unknown
  for (const place of named) {
    try {
      await using control = await openSentinel(connection, place, signal)
      const others = await control.call('SENTINEL', 'SENTINELS', master)
      const places = (Array.isArray(others) ? others : []).map((fields) => fieldsOf(fields))
      return [
        { ...place, master },
        ...places.map((fields) => ({
          host: fields.get('ip') ?? '',
          port: Number(fields.get('port')),
          master,
        })),
      ]
    } catch (thrown) {
      failure = thrown
    }
  }
  throw failure
}

async function refuseHasty(
  connection: Connection,
  sentinel: SentinelRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  const address = hostAndPort(sentinel)
  try {
    await using control = await openSentinel(connection, sentinel, signal)
    const watched = fieldsOf(await control.call('SENTINEL', 'MASTER', sentinel.master))
    const ms = Number(watched.get('down-after-milliseconds'))
    if (ms < leastDownAfterMs)
      fail('freeze.sentinel-hasty', { address, name: sentinel.master, ms, least: leastDownAfterMs })
  } catch (thrown) {
    const failure = toFailure(thrown)
    if (isOfTheLink(failure))
      throw new FailureError(makeFailure('freeze.sentinel-unreachable', { address }, failure.code))
    throw thrown
  }
}

/** A reply of names and values in turn. */
function fieldsOf(reply: unknown): ReadonlyMap<string, string> {
  const words = Array.isArray(reply) ? reply.map(String) : []
  return new Map(words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? '']] : [])))
}

/** A Sentinel does not tell its password, but it is that of `default`, which the server tells or a person has given. */
function passOf(connection: Connection, { state, host, port }: SurveyedNode): string {
  const line = state.acl?.find((one) => userOf(one) === 'default')
  if (state.requirepass !== '' || line === undefined || rulesOf(line).includes('nopass'))
    return state.requirepass
  if (connection.username === undefined && connection.password !== undefined)
    return latin1Of(connection.password)
  return fail('freeze.sentinel-password', { address: hostAndPort({ host, port }) })
}

/** Has every Sentinel of a frozen source sign in with `pass` from now on (2.8.4 and later). */
export async function tellSentinels(
  { connection, sentinels }: Pick<FreezeRecord, 'connection' | 'sentinels'>,
  pass: string,
  signal?: AbortSignal,
): Promise<void> {
  await Promise.all(
    sentinels.map(async (sentinel) => {
      await using control = await openSentinel(connection, sentinel, signal)
      await control.call('SENTINEL', 'SET', sentinel.master, 'auth-pass', bytesOf(pass))
    }),
  )
}

/** The replicas that the Sentinels of a frozen source know of, those that are away too; none where they cannot be asked. */
export async function replicasKnownTo(
  { connection, sentinels }: Pick<FreezeRecord, 'connection' | 'sentinels'>,
  signal?: AbortSignal,
): Promise<readonly Place[]> {
  const told = await Promise.all(
    sentinels.map(async (sentinel) => {
      try {
        await using control = await openSentinel(connection, sentinel, signal)
        const replicas = await control.call('SENTINEL', 'SLAVES', sentinel.master)
        return (Array.isArray(replicas) ? replicas : []).map(fieldsOf)
      } catch (thrown) {
        if (thrown instanceof FailureError) return []
        throw thrown
      }
    }),
  )
  return told.flat().map((fields) => ({ host: fields.get('ip') ?? '', port: Number(fields.get('port')) }))
}

function openSentinel(
  connection: Connection,
  place: Place,
  signal: AbortSignal | undefined,
): Promise<Control> {
  return openControl(sentinelConnection(connection, connection.sentinel ?? {}, place), { signal })
}
