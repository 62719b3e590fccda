import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CheckId } from '#contract/precheck.ts'
import { openControl } from '#engine/redis/control.ts'
import { atLeast } from '#engine/redis/version.ts'
import { at, look, untilInfo, type Looked } from '../support/checks.ts'
import { compileShared } from '../support/compiled.ts'
import { freePort } from '../support/free-port.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'

interface Forms {
  readonly wrong: string
  readonly right: string
  /** What has to be at hand to see it go wrong, besides the server on PATH. */
  readonly needs?: 'a compiler' | 'a server before 5.0' | 'a server before 2.6'
}

/** What each check says where something is amiss, and where nothing is. A check that is not here does not compile. */
const forms: Readonly<Record<CheckId, Forms>> = {
  'source-reachable': { wrong: 'failed not-reachable', right: 'passed reachable' },
  'source-role': { wrong: 'warning role-replica-source', right: 'passed role-master' },
  'source-version': {
    wrong: 'failed version-too-old',
    right: 'passed version-fine',
    needs: 'a server before 2.6',
  },
  'source-psync': { wrong: 'failed psync-refused', right: 'passed psync-allowed' },
  'source-replica': { wrong: 'warning replica-none', right: 'passed replica-found' },
  'source-events': { wrong: 'warning events-off', right: 'passed events-told' },
  'source-config': { wrong: 'warning config-refused', right: 'passed config-allowed' },
  'source-backlog': { wrong: 'warning backlog-small', right: 'passed backlog-enough' },
  'source-output-buffer': { wrong: 'warning buffer-small', right: 'passed buffer-enough' },
  'source-timeout': { wrong: 'warning timeout-short', right: 'passed timeout-enough' },
  'source-idle-timeout': { wrong: 'warning idle-short', right: 'passed idle-enough' },
  'source-rights': { wrong: 'failed rights-missing', right: 'passed rights-enough' },
  'source-freeze': { wrong: 'warning freeze-refused', right: 'passed freeze-allowed' },
  'source-other-task': { wrong: 'failed other-task', right: 'passed no-other-task' },
  'source-busy': { wrong: 'warning saving', right: 'passed not-busy' },
  'source-snapshot': { wrong: 'warning snapshot-failed-before', right: 'passed snapshot-room' },
  'source-big-keys': { wrong: 'warning big-keys-found', right: 'passed big-keys-none' },
  'source-shared-keys': { wrong: 'warning shared-keys-found', right: 'passed shared-keys-none' },
  'target-reachable': { wrong: 'failed not-reachable', right: 'passed reachable' },
  'target-role': { wrong: 'failed role-replica', right: 'passed role-master' },
  'target-version': {
    wrong: 'warning version-older',
    right: 'passed version-fine',
    needs: 'a server before 5.0',
  },
  'target-empty': { wrong: 'failed not-empty', right: 'passed empty' },
  'target-memory': { wrong: 'failed memory-short', right: 'passed memory-enough' },
  'target-eviction': { wrong: 'warning eviction-on', right: 'passed eviction-off' },
  'target-databases': { wrong: 'failed databases-too-few', right: 'passed databases-enough' },
  'target-rights': { wrong: 'failed rights-missing', right: 'passed rights-enough' },
  'target-other-task': { wrong: 'failed other-task', right: 'passed no-other-task' },
  'target-writable': { wrong: 'failed writable-too-few-replicas', right: 'passed writable' },
  'target-persistence': { wrong: 'warning persistence-none', right: 'passed persistence-same' },
  'target-value-size': { wrong: 'warning value-size-small', right: 'passed value-size-enough' },
  'target-idle-timeout': { wrong: 'warning idle-short', right: 'passed idle-enough' },
  'not-same-server': { wrong: 'failed same-server', right: 'passed different-servers' },
  clocks: { wrong: 'warning clocks-apart', right: 'passed clocks-agree', needs: 'a compiler' },
  modules: { wrong: 'warning modules-missing', right: 'passed modules-fit', needs: 'a compiler' },
  functions: { wrong: 'warning functions-unsupported', right: 'passed functions-fit' },
  types: { wrong: 'warning types-no-streams', right: 'passed types-fit', needs: 'a server before 5.0' },
  policies: { wrong: 'warning policies-differ', right: 'passed policies-same' },
  shape: { wrong: 'warning shape-larger', right: 'passed shape-fits' },
  'way-back': { wrong: 'failed way-back-no-stream', right: 'passed way-back-open' },
  rules: { wrong: 'failed rules-way-back', right: 'passed rules-fit' },
  'local-disk': { wrong: 'failed disk-short', right: 'passed disk-enough' },
}

const redis = otherServers().filter(({ name }) => name === 'redis')
const before5 = redis.find(({ version }) => atLeast(version, 2, 8) && !atLeast(version, 5, 0))
const before26 = redis.find(({ version }) => !atLeast(version, 2, 6))
const folder = mkdtempSync(join(tmpdir(), 'keyferry-both-forms-'))
const module = compileShared('a-module', folder)
const clockAhead = compileShared('clock-ahead', folder)
afterAll(() => rmSync(folder, { recursive: true }))

const atHand: Readonly<Record<NonNullable<Forms['needs']>, boolean>> = {
  'a compiler': module !== null,
  'a server before 5.0': before5 !== undefined,
  'a server before 2.6': before26 !== undefined,
}

const seen = new Map<CheckId, Set<string>>()

/** One look at everything, whose words are kept. */
async function see(...circumstances: Parameters<typeof look>): Promise<Looked> {
  const looked = await look(...circumstances)
  for (const { id, state, finding } of looked.all) {
    const said = seen.get(id) ?? new Set()
    seen.set(id, said.add(`${state} ${finding}`))
  }
  return looked
}

/** As a person would who copies the command. */
async function carryOut(server: RedisServer, command: string): Promise<void> {
  const [name, ...words] = (command.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''))
  await server.call(name!, ...words)
}

const weak = { username: 'weak', password: 'weak' }
const account = ['on', '>weak', '~*', '&*', '+@all']
const rules = { include: ['user:*'], exclude: [] }
const asItIs = { adjustSettings: false, wayBack: true } as const

/** A source with everything amiss that can be at once: it saves, and the save before that has failed. */
async function startAskewSource(): Promise<RedisServer> {
  const source = await startRedis({
    args: [
      ...['--timeout', '20', '--databases', '20', '--save', '3600 1'],
      ...['--stop-writes-on-bgsave-error', 'no'],
      ...(module === null ? [] : ['--enable-module-command', 'yes', '--loadmodule', module]),
    ],
  })
  await source.call(
    ...(['ACL', 'SETUSER', 'weak', ...account] as const),
    ...['-psync', '-config|set', '-dump', '-acl|setuser'],
  )
  await source.call('FUNCTION', 'LOAD', "#!lua name=l\nredis.register_function('f', function() end)")
  await source.call('DEBUG', 'POPULATE', 100)
  source.cli('-n', '17', 'SETRANGE', 'the large one', String(64 * 1024 * 1024), 'x')
  const inTheWay = join(source.dir, 'dump.rdb')
  mkdirSync(inTheWay)
  await source.call('BGSAVE')
  await untilInfo(source, 'rdb_last_bgsave_status:err')
  rmdirSync(inTheWay)
  // Of each key: microseconds. The save goes on until it is ended.
  await source.call('CONFIG', 'SET', 'rdb-key-save-delay', 10_000_000)
  await source.call('BGSAVE')
  return source
}

async function startAskewTarget(): Promise<RedisServer> {
  const target = await startRedis({
    args: [
      ...['--timeout', '20', '--proto-max-bulk-len', '1mb', '--min-replicas-to-write', '1'],
      ...['--maxmemory', '2mb', '--maxmemory-policy', 'allkeys-lru'],
    ],
  })
  await target.call('CONFIG', 'SET', 'min-replicas-to-write', 0)
  await target.call('SET', 'mine', 1)
  await target.call('CONFIG', 'SET', 'min-replicas-to-write', 1)
  await target.call('ACL', 'SETUSER', 'weak', ...account, '-psync', '-restore', '-function')
  return target
}

/** Amiss in every way, then mended: by the commands that the checks name, and by hand where they name none. */
async function mendAll(): Promise<void> {
  await using source = await startAskewSource()
  await using target = await startAskewTarget()
  const sides = [at(source, weak), at(target, weak)] as const
  const options = { ...asItIs, mode: 'stream' } as const
  const amiss = await (async () => {
    await using _ours = await openControl(at(source), { name: 'kf:another:1.1' })
    await using _theirs = await openControl(at(target), { name: 'kf:another:1.1' })
    // A file system without any room.
    return await see(...sides, { ...options, rules }, { task: { folder: '/proc/keyferry' } })
  })()
  for (const { side, command } of amiss.all)
    if (command !== null) await carryOut(side === 'source' ? source : target, command)
  await source.call('ACL', 'SETUSER', 'weak', '+psync', '+config')
  await target.call('ACL', 'SETUSER', 'weak', '+psync', '+function')
  await source.call('CONFIG', 'SET', 'rdb-key-save-delay', 0)
  // Ends the save under way, and makes another, of nothing.
  await source.call('FLUSHALL')
  await untilInfo(source, 'rdb_last_bgsave_status:ok')
  await untilInfo(source, 'rdb_bgsave_in_progress:0')
  await target.call('FLUSHALL')
  if (module !== null) await source.call('MODULE', 'UNLOAD', 'a-module')
  await target.call('CONFIG', 'SET', 'maxmemory', '61gb')
  await see(...sides, options)
  await target.call('CONFIG', 'SET', 'maxmemory', '1gb')
  const mended = await see(...sides, options)
  expect(mended.all.filter(({ state }) => state !== 'passed')).toEqual([])

  const byKeys = { ...asItIs, mode: 'scan' } as const
  await carryOut(source, (await see(...sides, byKeys)).of('source-events').command!)
  await see(...sides, byKeys)
}

/** Who the servers are, and what they have to do with each other. */
async function meetOthers(): Promise<void> {
  await using source = await startRedis({ password: 'right', args: ['--repl-diskless-sync-delay', '0'] })
  const right = { password: 'right' }
  const following = ['--replicaof', source.host, String(source.port), '--masterauth', 'right']
  await using replica = await startRedis({ args: following })
  await untilInfo(replica, 'master_link_status:up')
  const nobody = { host: '127.0.0.1', port: await freePort() }
  await see(at(source, { password: 'wrong' }), nobody)
  const fed = await see(at(source, right), at(replica), { rules })
  await see(at(replica), at(source, right))
  await see(at(source, right), nobody, { prefer: 'replica' })
  // The one there is is the target.
  await see(at(source, right), at(replica), { prefer: 'replica' })
  await carryOut(replica, fed.of('target-role').command!)
  await replica.call('FLUSHALL')
  const apart = await see(at(source, right), at(replica))
  expect(apart.says('target-role')).toBe('passed role-master')

  {
    await using other = await startRedis()
    await using target = await startRedis()
    const together = [[at(source, right), at(other)], at(target)] as const
    for (const server of [source, other]) await server.call('SET', 'of both', server.port)
    const shared = await see(...together)
    expect(shared.of('source-shared-keys').params).toMatchObject({ looked: 2, count: 2, key: 'of both' })
    const ruled = await look(...together, { wayBack: false, rules })
    expect(ruled.says('source-shared-keys')).toBe('passed shared-keys-none')
    await other.call('RENAME', 'of both', 'of one')
    await see(...together)
    const alone = await look(at(source, right), at(target))
    expect(alone.says('source-shared-keys')).toBe('passed shared-keys-one-source')
  }

  if (clockAhead !== null) {
    await using ahead = await startRedis({ env: { LD_PRELOAD: clockAhead, CLOCK_AHEAD: '30' } })
    const { ms } = (await see(at(source, right), at(ahead))).of('clocks').params
    expect(Math.abs(Number(ms) - 30_000)).toBeLessThan(10_000)
  }
  if (before5 !== undefined) {
    await using older = await startRedis({ binary: before5.binary })
    await source.call('XADD', 'events', '1-1', 'f', 'v')
    await see(at(source, right), at(older))
  }
  if (before26 !== undefined) {
    await using ancient = await startRedis({ binary: before26.binary })
    await see(at(ancient), at(source, right))
  }
}

describe('each check before a migration, at real servers', () => {
  beforeAll(async () => {
    await mendAll()
    await meetOthers()
  }, 180_000)

  for (const [id, { wrong, right, needs }] of Object.entries(forms) as [CheckId, Forms][]) {
    const lacks = needs !== undefined && !atHand[needs]
    if (lacks)
      console.warn(`${id} is not seen to say "${wrong}": there is no ${needs.replace(/^a /, '')} here.`)
    it(`${id}: ${lacks ? '' : `${wrong}, `}${right}`, () => {
      expect([...(seen.get(id) ?? [])]).toEqual(expect.arrayContaining(lacks ? [right] : [wrong, right]))
    })
  }
})
