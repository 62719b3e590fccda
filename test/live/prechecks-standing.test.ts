import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openControl } from '#engine/redis/control.ts'
import { parseInfo } from '#engine/redis/info.ts'
import { judgeClocks } from '#migration/prechecks/clocks.ts'
import { judgeShape } from '#migration/prechecks/shape.ts'
import { judgeSnapshotRoom } from '#migration/prechecks/snapshot.ts'
import { at, look, untilInfo } from '../support/checks.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { mountSmallDisk } from '../support/small-disk.ts'

/** A server that could not save: the folder it saves into is gone. */
async function startUnableToSave(): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-gone-'))
  const server = await startRedis({ args: ['--dir', folder, '--save', '3600 1'] })
  rmSync(folder, { recursive: true })
  await server.call('BGSAVE')
  await untilInfo(server, 'rdb_last_bgsave_status:err')
  return server
}

describe('how the servers stand', () => {
  it('names each right that our account lacks, and the command that gives them', async () => {
    await using source = await startRedis()
    await using target = await startRedis()
    const weak = ['on', '>weak', '~*', '&*', '+@all']
    await source.call('ACL', 'SETUSER', 'weak', ...weak, '-dump', '-scan', '-acl|setuser')
    await target.call('ACL', 'SETUSER', 'weak', ...weak, '-restore', '-client|kill')
    const account = { username: 'weak', password: 'weak' }
    const { of, says } = await look(at(source, account), at(target, account))
    expect(says('source-rights')).toBe('failed rights-missing')
    expect(of('source-rights')).toMatchObject({
      params: { commands: 'scan, dump' },
      command: 'ACL SETUSER weak ~* +scan +dump',
    })
    expect(says('source-freeze')).toBe('warning freeze-refused')
    expect(of('source-freeze').params['commands']).toBe('acl|setuser')
    expect(says('target-rights')).toBe('failed rights-missing')
    expect(of('target-rights').params['commands']).toBe('restore, client|kill')

    await target.call('ACL', 'SETUSER', 'weak', '+@all', 'resetkeys', '~only:*')
    const half = await look(at(source), at(target, account))
    expect(half.says('source-rights')).toBe('passed rights-enough')
    expect(half.says('source-freeze')).toBe('passed freeze-allowed')
    expect(half.of('target-rights').params['commands']).toContain('restore')
    expect(await target.call('DBSIZE')).toBe(0)
  })

  const before7 = otherServers().filter(({ name, version }) => name === 'redis' && /^6\./.test(version))
  it.skipIf(before7.length === 0)('asks before 7.0 by queuing, and changes nothing', async () => {
    await using source = await startRedis({ binary: before7[0]!.binary })
    await using target = await startRedis({ binary: before7[0]!.binary })
    await source.call('ACL', 'SETUSER', 'weak', 'on', '>weak', '~*', '+@all', '-dump', '-acl')
    const users = await source.call('ACL', 'LIST')
    const { of, says } = await look(at(source, { username: 'weak', password: 'weak' }), at(target))
    expect(of('source-rights').params['commands']).toBe('dump')
    expect(of('source-freeze').params['commands']).toBe('acl|list, acl|setuser')
    expect(says('target-rights')).toBe('passed rights-enough')
    expect(await source.call('ACL', 'LIST')).toEqual(users)
    expect(await target.call('DBSIZE')).toBe(0)
  })

  it('refuses a server another task has hold of, on either side, and not because of itself', async () => {
    await using source = await startRedis()
    await using target = await startRedis()
    const here = [at(source), at(target)] as const
    expect((await look(...here)).says('source-other-task')).toBe('passed no-other-task')
    await using _ours = await openControl(at(source), { name: 'kf:one:freeze' })
    await using _theirs = await openControl(at(target), { name: 'kf:another:1.1' })
    const seen = await look(...here)
    expect(seen.says('source-other-task')).toBe('passed no-other-task')
    expect(seen.says('target-other-task')).toBe('failed other-task')
    const known = await look(
      ...here,
      {},
      { task: { others: { source: 'Shop cache', target: null, byRunId: new Map() } } },
    )
    expect(known.of('source-other-task')).toMatchObject({ state: 'failed', params: { task: 'Shop cache' } })
  })

  it('a source that saves, or could not, is told; a target that could not takes no writes', async () => {
    await using source = await startRedis({ args: ['--rdb-key-save-delay', '5000'] })
    await using target = await startRedis({ args: ['--save', '3600 1'] })
    const free = await look(at(source), at(target))
    expect(free.says('source-busy')).toBe('passed not-busy')
    expect(free.says('source-snapshot')).toBe('passed snapshot-room')
    expect(free.says('target-writable')).toBe('passed writable')
    await source.call('DEBUG', 'POPULATE', 20_000)
    await source.call('BGSAVE')
    expect((await look(at(source), at(target))).says('source-busy')).toBe('warning saving')

    await using unable = await startUnableToSave()
    expect((await look(at(unable), at(target))).says('source-snapshot')).toBe(
      'warning snapshot-failed-before',
    )
    expect((await look(at(source), at(unable))).says('target-writable')).toBe(
      'failed writable-not-after-failed-save',
    )
    await expect(unable.call('SET', 'k', 'v')).rejects.toThrow('MISCONF')
  })

  it('a server that still loads its data is told apart from one that is away', async () => {
    const args = ['--key-load-delay', '2000', '--loading-process-events-interval-bytes', '1024']
    await using server = await startRedis({ password: 'p', args })
    await using other = await startRedis()
    await server.call('DEBUG', 'POPULATE', 20_000)
    await server.call('SAVE')
    const account = { password: 'p' }
    await using reloading = await openControl(at(server, account))
    void reloading.call('DEBUG', 'RELOAD', 'NOSAVE').catch(() => undefined)
    await untilInfo(server, 'loading:1')
    expect((await look(at(server, account), at(other))).says('source-busy')).toBe('failed loading')
    expect((await look(at(other), at(server, account))).says('target-writable')).toBe(
      'failed writable-still-loading',
    )
    await server.kill9()
  })

  it('a target that wants replicas it has not, or forgets all at a restart, is told', async () => {
    await using source = await startRedis({ args: ['--appendonly', 'yes'] })
    await using target = await startRedis()
    await target.call('CONFIG', 'SET', 'min-replicas-to-write', '1')
    const cramped = await look(at(source), at(target))
    expect(cramped.of('target-writable')).toMatchObject({
      finding: 'writable-too-few-replicas',
      state: 'failed',
      command: 'CONFIG SET min-replicas-to-write 0',
    })
    await expect(target.call('SET', 'k', 'v')).rejects.toThrow('NOREPLICAS')
    expect(cramped.says('target-persistence')).toBe('warning persistence-none')

    await target.call('CONFIG', 'SET', 'min-replicas-to-write', '0')
    await target.call('CONFIG', 'SET', 'save', '900 1')
    const mended = await look(at(source), at(target))
    expect(mended.says('target-writable')).toBe('passed writable')
    expect(mended.says('target-persistence')).toBe('passed persistence-same')
  })

  it('idle timeouts and a short longest value are set for the time, or warned of', async () => {
    const args = ['--timeout', '20', '--proto-max-bulk-len', '1mb']
    await using source = await startRedis({ args })
    await using target = await startRedis({ args })
    const set = await look(at(source), at(target))
    expect(set.says('source-idle-timeout')).toBe('passed idle-will-raise')
    expect(set.says('target-idle-timeout')).toBe('passed idle-will-raise')
    expect(set.says('target-value-size')).toBe('passed value-size-will-raise')
    const left = await look(at(source), at(target), { adjustSettings: false })
    expect(left.of('source-idle-timeout').command).toBe('CONFIG SET timeout "60"')
    expect(left.says('target-idle-timeout')).toBe('warning idle-short')
    expect(left.of('target-value-size')).toMatchObject({
      state: 'warning',
      command: `CONFIG SET proto-max-bulk-len "${512 * 1024 * 1024}"`,
    })
  })
})

describe('whether what the source holds fits', () => {
  it('large keys, libraries, another policy', async () => {
    await using source = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] })
    await using target = await startRedis({ args: ['--maxmemory', '1gb'] })
    const small = await look(at(source), at(target))
    expect(small.says('source-big-keys')).toBe('passed big-keys-none')
    expect(small.says('functions')).toBe('passed functions-none')
    await source.call('ACL', 'SETUSER', 'weak', 'on', '>weak', '~*', '&*', '+@all', '-function')
    const unseen = await look(at(source, { username: 'weak', password: 'weak' }), at(target))
    expect(unseen.says('functions')).toBe('warning functions-unseen')
    expect(small.of('policies')).toMatchObject({
      state: 'warning',
      command: 'CONFIG SET maxmemory-policy "allkeys-lru"',
    })
    source.cli('-n', '3', 'SETRANGE', 'the large one', String(64 * 1024 * 1024), 'x')
    await source.call('FUNCTION', 'LOAD', "#!lua name=l\nredis.register_function('f', function() end)")
    await target.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const large = await look(at(source), at(target))
    expect(large.of('source-big-keys')).toMatchObject({
      state: 'warning',
      params: { key: 'the large one', looked: 1 },
    })
    expect(large.says('functions')).toBe('passed functions-fit')
    expect(large.says('policies')).toBe('passed policies-same')
  })

  const withoutStreams = otherServers().find(
    ({ name, version }) => name === 'redis' && /^[234]\./.test(version),
  )
  it.skipIf(withoutStreams === undefined)('streams that an older target has no type for', async () => {
    await using source = await startRedis()
    await using target = await startRedis({ binary: withoutStreams!.binary })
    await source.call('SET', 'k', 1)
    expect((await look(at(source), at(target))).says('types')).toBe('passed types-fit')
    source.cli('-n', '2', 'XADD', 'events', '1-1', 'f', 'v')
    expect((await look(at(source), at(target))).of('types')).toMatchObject({
      state: 'warning',
      finding: 'types-no-streams',
      params: { key: 'events' },
    })
  })

  const withFields = otherServers().find(
    ({ name, version }) => name === 'redis' && /^(7\.4|8)\./.test(version),
  )
  it.skipIf(withFields === undefined)('fields that expire, where the target has none', async () => {
    await using source = await startRedis({ binary: withFields!.binary })
    await using target = await startRedis()
    await source.call('HSET', 'h', 'f', 'v')
    expect((await look(at(source), at(target))).says('types')).toBe('passed types-fit')
    await source.call('HPEXPIRE', 'h', 100_000, 'FIELDS', 1, 'f')
    expect((await look(at(source), at(target))).of('types')).toMatchObject({
      state: 'warning',
      finding: 'types-fields-stay',
      params: { hashes: 1 },
    })
  })

  const older = otherServers().find(({ name, version }) => name === 'redis' && /^6\./.test(version))
  it.skipIf(older === undefined)('libraries that an older target has no place for', async () => {
    await using source = await startRedis()
    await using target = await startRedis({ binary: older!.binary })
    await source.call('FUNCTION', 'LOAD', "#!lua name=l\nredis.register_function('f', function() end)")
    expect((await look(at(source), at(target))).of('functions')).toMatchObject({
      state: 'warning',
      finding: 'functions-unsupported',
      params: { libraries: 1 },
    })
  })

  const newest = otherServers().find(({ name, version }) => name === 'redis' && /^8\.0\.\d/.test(version))
  it.skipIf(newest === undefined)('modules that the target lacks', async () => {
    await using source = await startRedis({ binary: newest!.binary })
    await using target = await startRedis()
    expect((await look(at(source), at(target))).of('modules')).toMatchObject({
      state: 'warning',
      params: { names: 'vectorset' },
    })
    expect((await look(at(target), at(source))).says('modules')).toBe('passed modules-fit')
  })

  it('room on this machine', async () => {
    await using source = await startRedis()
    await using target = await startRedis()
    const base = mkdtempSync(join(tmpdir(), 'keyferry-disk-'))
    const at4MiB = join(base, 'small')
    {
      using disk = mountSmallDisk(at4MiB)
      if (disk !== null) {
        const folder = join(disk.path, 'tasks', 'one')
        const { says } = await look(at(source), at(target), {}, { task: { folder } })
        expect(says('local-disk')).toBe('failed disk-short')
      }
    }
    expect((await look(at(source), at(target))).says('local-disk')).toBe('passed disk-enough')
    rmSync(base, { recursive: true })
  })

  it('the advice on one primary or a cluster: 12 GiB now, 60 GiB later, 40,000 commands a second', () => {
    const gib = 1024 ** 3
    const load = { used: gib, ops: 100, limit: 16 * gib, cluster: false, transactions: 5 }
    const finding = (changed: Partial<typeof load>): string => judgeShape({ ...load, ...changed }).finding
    expect(finding({})).toBe('shape-fits')
    expect(finding({ used: 13 * gib })).toBe('shape-larger')
    expect(finding({ limit: 64 * gib })).toBe('shape-larger')
    expect(finding({ ops: 40_001 })).toBe('shape-larger')
    expect(finding({ used: 13 * gib, cluster: true })).toBe('shape-transactions')
    expect(finding({ cluster: true, transactions: 0 })).toBe('shape-fits')
  })

  it('clocks, whatever the way to the servers takes', () => {
    const looked = (
      told: number,
      askedAt: number,
      answeredAt: number,
    ): Parameters<typeof judgeClocks>[0] => ({
      told,
      askedAt,
      answeredAt,
    })
    expect(judgeClocks(looked(10_000, 9_990, 10_010), looked(10_900, 9_990, 10_010)).finding).toBe(
      'clocks-agree',
    )
    expect(judgeClocks(looked(10_000, 9_990, 10_010), looked(12_000, 9_990, 10_010))).toMatchObject({
      finding: 'clocks-apart',
      params: { ms: 2_000 },
    })
    expect(judgeClocks(looked(10_000, 9_990, 10_010), looked(12_000, 8_000, 12_000)).finding).toBe(
      'clocks-agree',
    )
  })

  it('a machine without room for the snapshot', () => {
    const told = (used: number): string =>
      judgeSnapshotRoom('h:1', parseInfo(`used_memory_rss:${used}\ntotal_system_memory:1000`)).finding
    expect(told(600)).toBe('snapshot-room')
    expect(told(700)).toBe('snapshot-tight')
    expect(judgeSnapshotRoom('h:1', parseInfo('used_memory:7')).finding).toBe('snapshot-room-unknown')
  })
})
