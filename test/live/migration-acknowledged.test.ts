import { Cluster } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { defaultProfileOptions } from '#contract/profile.ts'
import { atLeast } from '#engine/redis/version.ts'
import { missingOf, startAcknowledging, type AcknowledgingClients } from '../support/acknowledging-clients.ts'
import { dataFolderForEachTest } from '../support/data-folder.ts'
import { startCluster, type ClusterOptions } from '../support/redis-cluster.ts'
import {
  otherServers,
  startRedis,
  versionOf,
  type RedisOptions,
  type RedisServer,
} from '../support/redis-server.ts'
import { runCli, startCli } from '../support/run-cli.ts'

const secret = 'secret-of-the-source'
const dataFolder = dataFolderForEachTest()

const own = { name: 'redis', version: versionOf('redis-server'), binary: 'redis-server' }
const before6 = otherServers()
  .filter(({ name, version }) => name === 'redis' && atLeast(version, 2, 8) && !atLeast(version, 6, 0))
  .sort((one, other) => (one.version < other.version ? -1 : 1))
const [oldest] = before6
const newest = before6.at(-1)
const cases = [
  { ...own, password: secret },
  ...(oldest === undefined ? [] : [{ ...oldest, password: undefined }]),
  ...(newest === undefined ? [] : [{ ...newest, password: secret }]),
].map((one) => ({ ...one, auth: one.password === undefined ? 'without a password' : 'with a password' }))

/** One side of a migration: one server, or the nodes of a cluster. */
interface Side extends AsyncDisposable {
  readonly nodes: readonly RedisServer[]
  readonly password: string | undefined
}

async function aServer(options: RedisOptions = {}): Promise<Side> {
  const server = await startRedis(options)
  return { nodes: [server], password: options.password, [Symbol.asyncDispose]: () => server.stop() }
}

async function aCluster(password: string, options: ClusterOptions = {}): Promise<Side> {
  const cluster = await startCluster({ password, ...options })
  return { nodes: cluster.nodes, password, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() }
}

/** What a migration may change at a server, and has to put back. */
async function everythingSet({ nodes }: Side): Promise<unknown> {
  return await Promise.all(
    nodes.map(async (node) => [
      await node.call('CONFIG', 'GET', '*'),
      await node.call('ACL', 'LIST').catch(() => []),
    ]),
  )
}

/** Asks whichever node has the slot of the key. */
async function missingAt(application: AcknowledgingClients, { nodes, password }: Side): Promise<unknown> {
  const [first] = nodes as readonly [RedisServer]
  if (nodes.length === 1) return await missingOf(application, first)
  const redisOptions = { disableClientInfo: true, ...(password !== undefined && { password }) }
  const cluster = new Cluster([{ host: first.host, port: first.port }], { redisOptions })
  try {
    return await missingOf(application, {
      call: (command, ...args) => cluster.call(String(command), ...args),
    })
  } finally {
    cluster.disconnect()
  }
}

/**
 * A whole migration under 16 clients that aim at 20,000 writes a second together: they are turned away at the freeze, all
 * that was acknowledged to them is on the target once and in order, and both sides are as they were when it is unfrozen.
 */
async function migrateUnderClients(source: Side, target: Side): Promise<void> {
  const [at] = source.nodes as readonly [RedisServer]
  const [to] = target.nodes as readonly [RedisServer]
  for (const node of source.nodes)
    if (atLeast(node.version, 7, 0)) await node.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
  const hasUsers = atLeast(at.version, 6, 0)
  if (hasUsers)
    for (const node of source.nodes)
      await node.call('ACL', 'SETUSER', 'app', 'on', '>of-the-app', '~*', '&*', '+@all')
  const before = [await everythingSet(source), await everythingSet(target)]
  {
    await using home = dataFolder.open()
    home.profiles.save({
      name: 'busy',
      source: { host: at.host, port: at.port, password: source.password ?? null },
      target: { host: to.host, port: to.port, password: target.password ?? null },
      options: { ...defaultProfileOptions, afterFinish: 'leave-frozen' },
    })
  }
  const shared = source.password === undefined ? {} : { password: source.password }
  const auths = Array.from({ length: 16 }, (_, number) =>
    hasUsers && number >= 12 ? { username: 'app', password: 'of-the-app' } : shared,
  )
  const application = startAcknowledging(source.nodes.length === 1 ? at : source.nodes, auths, 20_000)
  await application.wrote(50)
  const since = performance.now()
  const acknowledged = (): number =>
    application.clients.reduce((all, client) => all + client.acknowledged.length, 0)
  const already = acknowledged()

  const env = { KEYFERRY_HOME: dataFolder.path }
  const running = startCli(['run', 'busy', '--cutover', 'auto', '--accept-warnings', '--json'], {
    env,
    timeoutMs: 120_000,
  })
  // Just before the freeze begins; where it comes and goes too quickly, at its end.
  await running.says(/"event":"(in-step|done)"/)
  const perSecond = Math.round(((acknowledged() - already) * 1000) / (performance.now() - since))
  const run = await running.ended
  expect(run.stderr).not.toContain('✗')
  expect(run.events.at(-1)).toMatchObject({ event: 'done', state: 'finished', freeze: 'left' })
  await application.turnedAway(1)
  await application.stop()

  expect(await missingAt(application, target)).toEqual([])
  const { writePauseMs } = run.events.at(-1) as { writePauseMs: number }
  expect(writePauseMs).toBeGreaterThan(0)
  process.stdout.write(
    `${at.version}: ${acknowledged()} acknowledged writes (${perSecond} a second) are there, write pause ${writePauseMs} ms\n`,
  )

  expect((await runCli(['unfreeze'], { env })).code).toBe(0)
  expect([await everythingSet(source), await everythingSet(target)]).toEqual(before)
}

describe('a migration under clients that never give up', () => {
  if (before6.length === 0)
    process.stdout.write('KEYFERRY_TEST_SERVERS has no server from 2.8 to 5: those cases are skipped\n')

  it.each(cases)(
    'from $name $version $auth: writes are refused at the freeze, and every acknowledged one is on the target',
    async ({ binary, password }) => {
      await using source = await aServer({ binary, ...(password !== undefined && { password }) })
      await using target = await aServer({ password: 'new-secret' })
      await migrateUnderClients(source, target)
    },
    180_000,
  )

  it('from a server into a cluster of three: the same', async () => {
    await using source = await aServer({ password: secret })
    await using target = await aCluster('new-secret')
    await migrateUnderClients(source, target)
  }, 180_000)

  it.runIf(process.env['KEYFERRY_LONG'])(
    'from a cluster of three with replicas into a cluster of three: the same',
    async () => {
      await using source = await aCluster(secret, { replicas: 1 })
      await using target = await aCluster('new-secret')
      await migrateUnderClients(source, target)
    },
    180_000,
  )
})
