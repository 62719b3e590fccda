import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { checksAllow } from '#contract/precheck.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { at, look } from '../support/checks.ts'
import { freePort } from '../support/free-port.ts'
import { masterOfSlot, startCluster } from '../support/redis-cluster.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'

describe('the checks before a migration', () => {
  it('all pass between two fresh servers, and say that three settings will be set', async () => {
    await using source = await startRedis()
    await using target = await startRedis()
    const { all, says } = await look(at(source), at(target))
    expect(all.filter(({ state }) => state !== 'passed')).toEqual([])
    expect(checksAllow(all)).toBe(true)
    expect(says('source-backlog')).toBe('passed backlog-will-raise')
    expect(says('source-output-buffer')).toBe('passed buffer-will-raise')
    expect(says('source-timeout')).toBe('passed timeout-will-raise')
    expect(says('target-memory')).toBe('passed memory-unlimited')
  })

  it('a side that cannot be reached fails by name, and what needs it waits', async () => {
    await using source = await startRedis({ password: 'right' })
    const nobody = { host: '127.0.0.1', port: await freePort() }
    const { all, says } = await look(at(source, { password: 'wrong' }), nobody)
    expect(all.find(({ id }) => id === 'source-reachable')?.failure?.code).toBe('auth.wrong-password')
    expect(all.find(({ id }) => id === 'target-reachable')?.failure?.code).toBe('connect.refused')
    expect(says('source-psync')).toBe('skipped waits-for-connection')
    expect(checksAllow(all)).toBe(false)
    expect(JSON.stringify(all)).not.toContain('wrong"')
  })

  it('an account without PSYNC or CONFIG is told', async () => {
    await using source = await startRedis()
    await using target = await startRedis()
    await source.call('ACL', 'SETUSER', 'weak', 'on', '>weak', '~*', '&*', '+@all', '-psync', '-config|set')
    const { says } = await look(at(source, { username: 'weak', password: 'weak' }), at(target))
    expect(says('source-psync')).toBe('warning scan-instead')
    expect(says('source-config')).toBe('warning config-refused')
  })

  it('a source that may not be followed is read key by key, where that is not forbidden', async () => {
    await using source = await startRedis()
    await using target = await startRedis()
    const weak = ['on', '>weak', '~*', '&*', '+@all', '-psync', '-sync', '-replconf']
    await source.call('ACL', 'SETUSER', 'weak', ...weak)
    const account = at(source, { username: 'weak', password: 'weak' })
    const { says, all } = await look(account, at(target))
    expect(all.filter(({ state }) => state !== 'passed').map(({ finding }) => finding)).toEqual([
      'scan-instead',
    ])
    expect(says('source-events')).toBe('passed events-will-set')
    expect(says('source-backlog')).toBe('passed scan-needs-none')

    const stream = await look(account, at(target), { mode: 'stream' })
    expect(stream.says('source-psync')).toBe('failed psync-refused')
    expect(stream.says('source-rights')).toBe('failed rights-missing')
    const begun = await look(account, at(target), {}, { task: { mode: 'stream' } })
    expect(begun.says('source-psync')).toBe('failed psync-refused')

    const chosen = await look(at(source), at(target), { mode: 'scan', adjustSettings: false })
    expect(chosen.says('source-psync')).toBe('warning scan-chosen')
    expect(chosen.says('source-events')).toBe('warning events-off')
    expect(chosen.of('source-events').command).toBe('CONFIG SET notify-keyspace-events "AE"')
    await source.call('ACL', 'SETUSER', 'weak', 'resetchannels', '-config')
    expect((await look(account, at(target))).says('source-events')).toBe('warning events-refused')
    await source.call('ACL', 'SETUSER', 'weak', 'allchannels')
    expect((await look(account, at(target))).says('source-events')).toBe('warning events-unknown')
  })

  it('settings that are too small warn where they may not be set, and are fine where they are large', async () => {
    await using source = await startRedis()
    await using target = await startRedis({
      args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'],
    })
    const small = await look(at(source), at(target), { adjustSettings: false })
    expect(small.says('source-backlog')).toBe('warning backlog-small')
    expect(small.says('source-output-buffer')).toBe('warning buffer-small')
    expect(small.says('source-timeout')).toBe('warning timeout-short')
    expect(small.says('target-eviction')).toBe('warning eviction-on')
    expect(small.all.find(({ id }) => id === 'source-backlog')?.command).toBe(
      'CONFIG SET repl-backlog-size "67108864"',
    )
    await source.call('CONFIG', 'SET', 'repl-backlog-size', '128mb')
    await source.call('CONFIG', 'SET', 'repl-timeout', '900')
    await source.call('CONFIG', 'SET', 'client-output-buffer-limit', 'slave 4gb 0 0')
    await target.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    const large = await look(at(source), at(target), { adjustSettings: false })
    expect(large.all.filter(({ state }) => state !== 'passed')).toEqual([])
    expect(large.says('target-eviction')).toBe('passed eviction-off')
  })

  it('a target with keys fails, or warns where they may be overwritten; acceptance lasts while it says the same', async () => {
    await using source = await startRedis()
    await using target = await startRedis()
    await target.call('SET', 'mine', '1')
    expect((await look(at(source), at(target))).says('target-empty')).toBe('failed not-empty')
    expect((await look(at(source), at(target), {}, { resuming: true })).says('target-empty')).toBe(
      'passed empty',
    )
    const first = await look(at(source), at(target), { onConflict: 'replace' })
    expect(first.says('target-empty')).toBe('warning not-empty-replace')
    expect(checksAllow(first.all)).toBe(false)
    const before = first.all.map((one) => (one.state === 'warning' ? { ...one, acceptedAt: 5 } : one))
    expect(checksAllow((await look(at(source), at(target), { onConflict: 'replace' }, { before })).all)).toBe(
      true,
    )
    await target.call('SET', 'another', '1')
    expect(checksAllow((await look(at(source), at(target), { onConflict: 'replace' }, { before })).all)).toBe(
      false,
    )
  })

  it('memory, databases, roles and the same server are seen', async () => {
    await using source = await startRedis({ args: ['--databases', '20'] })
    await using target = await startRedis({ args: ['--maxmemory', '2mb'] })
    await source.call('DEBUG', 'POPULATE', '40000', 'k', '100')
    source.cli('-n', '17', 'SET', 'far', 'away')
    const cramped = await look(at(source), at(target))
    expect(cramped.says('target-memory')).toBe('failed memory-short')
    expect(cramped.says('target-databases')).toBe('failed databases-too-few')
    expect((await look(at(source), { ...at(source), host: 'localhost' })).says('not-same-server')).toBe(
      'failed same-server',
    )

    await using replica = await startRedis({
      args: ['--databases', '20', '--replicaof', source.host, String(source.port)],
    })
    for (
      let turn = 0;
      turn < 100 && !String(await replica.call('INFO', 'replication')).includes('link_status:up');
      turn += 1
    )
      await sleep(100)
    const fed = await look(at(source), at(replica))
    expect(fed.says('target-role')).toBe('failed role-replica')
    expect(fed.says('not-same-server')).toBe('failed same-server')
    expect((await look(at(replica), at(target))).says('source-role')).toBe('warning role-replica-source')
    await source.kill9()
    await sleep(300)
    expect((await look(at(replica), at(target))).says('source-role')).toBe('failed replica-link-down')
  })

  const older = otherServers().find(({ name, version }) => name === 'redis' && /^6\./.test(version))
  it.skipIf(older === undefined)('an older target is warned of', async () => {
    await using source = await startRedis()
    await using target = await startRedis({ binary: older!.binary })

    expect((await look(at(source), at(target))).says('target-version')).toBe('warning version-older')
    expect((await look(at(target), at(source))).says('source-version')).toBe('passed version-fine')
  })

  // Followed from 2.6 on, written to from 2.8 on.
  for (const [side, versions] of [
    ['source', /^2\.4/],
    ['target', /^2\.6/],
  ] as const) {
    const old = otherServers().find(({ name, version }) => name === 'redis' && versions.test(version))
    it.skipIf(old === undefined)(`a ${side} that is too old is told before anything`, async () => {
      await using one = await startRedis()
      await using other = await startRedis({ binary: old!.binary })
      const ends = side === 'target' ? ([at(one), at(other)] as const) : ([at(other), at(one)] as const)
      expect((await look(...ends)).says(`${side}-version`)).toBe('failed version-too-old')
    })
  }

  it('a cluster is judged by all of its masters', async () => {
    await using source = await startRedis()
    await using bare = await startRedis({ args: ['--cluster-enabled', 'yes'] })
    expect((await look(at(source), at(bare))).says('target-role')).toBe('failed cluster-not-whole')

    await using cluster = await startCluster()
    const [one, two, three] = cluster.nodes as [RedisServer, RedisServer, RedisServer]
    const fine = await look(at(source), at(one))
    expect(fine.all.filter(({ state }) => state !== 'passed')).toEqual([])
    expect(fine.of('target-role')).toMatchObject({ finding: 'role-cluster', params: { masters: 3 } })

    const wayBack = { wayBack: true }
    expect(fine.says('way-back')).toBe('passed way-back-none')
    expect((await look(at(source), at(one), wayBack)).says('way-back')).toBe('passed way-back-open')
    expect((await look(at(one), at(source), wayBack)).says('way-back')).toBe('warning way-back-into-cluster')
    expect((await look([at(source), at(bare)], at(one), wayBack)).of('way-back')).toMatchObject({
      state: 'failed',
      finding: 'way-back-several',
      params: { sources: 2 },
    })
    await source.call('ACL', 'SETUSER', 'weak', 'on', '>weak', '~*', '&*', '+@all', '-psync')
    const weak = at(source, { username: 'weak', password: 'weak' })
    expect((await look(at(one), weak, wayBack)).says('way-back')).toBe('failed way-back-no-stream')

    const [first, last] = ['a', 'b', 'c', 'd', 'e'].map(
      (key) => cluster.nodes[masterOfSlot(keySlot(Buffer.from(key)), 3)]!,
    )
    await first!.call('SET', 'a', '1')
    await last!.call('SET', 'b', '1')
    await two.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    await three.call('CONFIG', 'SET', 'min-replicas-to-write', '1')
    source.cli('-n', '2', 'SET', 'elsewhere', '1')
    const bad = await look(at(source), at(one), { adjustSettings: false })
    expect(bad.of('target-empty')).toMatchObject({ finding: 'not-empty', params: { keys: 2 } })
    expect(bad.says('target-databases')).toBe('failed databases-cluster')
    expect(bad.says('target-eviction')).toBe('warning eviction-on')
    const evicting = bad.of('target-eviction').nodes?.filter(({ state }) => state === 'warning')
    expect(evicting?.map(({ address }) => address)).toEqual([`127.0.0.1:${two.port}`])
    expect(bad.says('target-writable')).toBe('failed writable-too-few-replicas')

    // What only one of them, and not the one that was named, lacks is found and named.
    await one.call('CONFIG', 'SET', 'save', '3600 1')
    await two.call('CONFIG', 'SET', 'save', '3600 1')
    await source.call('CONFIG', 'SET', 'save', '3600 1')
    await source.call('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl')
    await three.call('CONFIG', 'SET', 'maxmemory', '1mb')
    await three.call('ACL', 'SETUSER', 'default', '-function')
    await source.call(
      'FUNCTION',
      'LOAD',
      "#!lua name=l\nredis.register_function('f', function() return 1 end)",
    )
    const uneven = await look(at(source), at(one))
    for (const [id, finding, state] of [
      ['target-memory', 'memory-short', 'failed'],
      ['target-persistence', 'persistence-none', 'warning'],
      ['policies', 'policies-differ', 'warning'],
      ['functions', 'functions-unsupported', 'warning'],
    ] as const) {
      expect([id, uneven.says(id)]).toEqual([id, `${state} ${finding}`])
      const open = uneven.of(id).nodes?.filter((node) => node.state !== 'passed')
      expect([id, open?.map(({ address }) => address)]).toEqual([id, [`127.0.0.1:${three.port}`]])
    }
    expect(uneven.of('clocks').nodes).toHaveLength(3)
    expect((await look(at(two), at(three))).says('not-same-server')).toBe('failed same-server')
  })
})
