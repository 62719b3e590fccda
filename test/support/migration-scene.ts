import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { fillWithEveryType } from './every-type.ts'
import { startRedis, type RedisServer } from './redis-server.ts'
import { compareAll, infoField } from './sync-ends.ts'
import { startWriter, type Writer } from './writer.ts'

/** What is left when a migration has ended as promised. */
export const asPromised = {
  /** Every value, both ways, by the engine; and by the servers' own digests. */
  differing: 0,
  digestsAgree: true,
  /** Writes that were acknowledged to an application and are not on the target. */
  acknowledgedAndLost: 0,
  passwordsAsBefore: ['default', 'shop'],
  usersAsBefore: true,
  fullCopies: '1',
  keysOfOurs: [],
}

/** A source with a password, users, every type and applications that write; and an empty target. */
export interface MigrationScene extends AsyncDisposable {
  readonly source: RedisServer
  readonly target: RedisServer
  readonly sourcePassword: string
  readonly targetPassword: string
  /** About 5,000 commands a second that must be done exactly once, and one client that waits for each answer. */
  startApplications(): void
  /** Commands answered so far. */
  readonly written: number
  /** Waits until the applications have been refused, and compares what there is with what was. */
  outcome(): Promise<typeof asPromised>
}

const sourcePassword = 'old secret of the source'
const targetPassword = 'the target’s own'
const shopPassword = 'the secret of the shop'

/** `keys`: how many plain keys to copy besides. */
export async function setMigrationScene(keys: number): Promise<MigrationScene> {
  const [source, target] = await Promise.all([
    startRedis({ password: sourcePassword, args: ['--repl-diskless-sync-delay', '0'] }),
    startRedis({ password: targetPassword, args: ['--appendonly', 'yes'] }),
  ])
  await fillWithEveryType(source)
  await source.call('DEBUG', 'POPULATE', keys, 'plain', 100)
  await source.call('ACL', 'SETUSER', 'shop', 'on', `>${shopPassword}`, '~*', '&*', '+@all', '-@admin')
  await source.call('ACL', 'SETUSER', 'reports', 'off', '~report:*', '%R~shop:*', '+@read')
  const users = String(await source.callBuffer('ACL', 'LIST'))

  let writer: Writer | null = null
  let witness: Witness | null = null
  return {
    source,
    target,
    sourcePassword,
    targetPassword,
    startApplications() {
      writer = startWriter({ port: source.port, password: sourcePassword, rate: 5_000 })
      witness = startWitness(source.port)
    },
    get written() {
      return writer?.written ?? 0
    },
    async outcome() {
      await Promise.all([writer?.stop(), witness?.refused])
      const arrived = Number(await target.call('GET', witnessKey))
      return {
        differing: (await compareAll(source, target, { source: sourcePassword, target: targetPassword }))
          .differing,
        digestsAgree: await agree(source, target),
        acknowledgedAndLost: Math.max(0, (witness?.acknowledged ?? 0) - arrived),
        passwordsAsBefore: [
          ...(await signsIn(source.port, 'default', sourcePassword)),
          ...(await signsIn(source.port, 'shop', shopPassword)),
        ],
        usersAsBefore: String(await source.callBuffer('ACL', 'LIST')) === users,
        fullCopies: infoField(source, 'stats', 'sync_full'),
        keysOfOurs: (await target.call('KEYS', 'keyferry:*')) as never[],
      }
    },
    async [Symbol.asyncDispose]() {
      witness?.end()
      await writer?.stop()
      await Promise.all([source.stop(), target.stop()])
    },
  }
}

const witnessKey = 'witness'

interface Witness {
  /** The last answer to INCR. */
  readonly acknowledged: number
  /** Resolves once it can write no more. */
  readonly refused: Promise<void>
  end(): void
}

function startWitness(port: number): Witness {
  const redis = connect(port, 'shop', shopPassword)
  let acknowledged = 0
  const refused = (async () => {
    try {
      for (;;) {
        acknowledged = await redis.incr(witnessKey)
        await sleep(1)
      }
    } catch {
      redis.disconnect()
    }
  })()
  return {
    get acknowledged() {
      return acknowledged
    },
    refused,
    end: () => redis.disconnect(),
  }
}

async function signsIn(port: number, username: string, password: string): Promise<string[]> {
  const redis = connect(port, username, password)
  try {
    return [String(await redis.call('ACL', 'WHOAMI'))]
  } catch {
    return []
  } finally {
    redis.disconnect()
  }
}

function connect(port: number, username: string, password: string): Redis {
  const redis = new Redis({
    port,
    username,
    password,
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  // The call that failed tells.
  redis.on('error', () => undefined)
  return redis
}

/** Keys still expire on both sides, each server in its own time: they have to agree at one moment. */
async function agree(source: RedisServer, target: RedisServer): Promise<boolean> {
  for (let look = 0; look < 40; look += 1) {
    const [one, other] = await Promise.all([source, target].map(digestOf))
    if (one === other) return true
    await sleep(500)
  }
  return false
}

/** Of what is not expired: a key that SCAN comes across after its time is removed there and then; KEYS leaves it. */
async function digestOf({ call }: RedisServer): Promise<string> {
  for (const [, db] of String(await call('INFO', 'keyspace')).matchAll(/^db(\d+):/gm)) {
    await call('SELECT', db!)
    let cursor = '0'
    do [cursor] = (await call('SCAN', cursor, 'COUNT', 10_000)) as [string]
    while (cursor !== '0')
  }
  await call('SELECT', 0)
  return String(await call('DEBUG', 'DIGEST'))
}
