import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connection } from '#contract/connection.ts'
import { dumpSpecSchema, type DumpProgress, type DumpResult } from '#contract/dump.ts'
import { runDump } from '#engine/flow/dump.ts'
import { inspectFile } from '#engine/aof/inspect.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { failureOf } from '../support/failure-of.ts'
import { startFakeMaster } from '../support/fake-master.ts'
import { startProxy } from '../support/proxy.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { otherServers, startRedis, type RedisOptions, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli } from '../support/run-cli.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { connectionTo } from '../support/sync-ends.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyferry-dump-'))
const disk = mountSmallDisk(join(folder, 'small'))
afterAll(() => {
  disk?.[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

/** Begins to save at once: by default servers wait five seconds for more replicas. */
const eager = ['--repl-diskless-sync-delay', '0']
const unheard = new AbortController().signal
let names = 0
const freshPath = (): string => join(folder, `${(names += 1)}.rdb`)

interface Dumping {
  readonly force?: boolean
  readonly intoFolder?: boolean
  readonly signal?: AbortSignal
  readonly heard?: (progress: DumpProgress) => void
}

function dump(sources: readonly Connection[], to: string, how: Dumping = {}): Promise<DumpResult> {
  const { force, intoFolder, signal = unheard, heard = () => undefined } = how
  return runDump(dumpSpecSchema.parse({ sources, to, force, intoFolder }), heard, signal)
}

/** What a server says of its keys, and what reading the file says. */
async function expectToAgree(file: string, server: RedisServer): Promise<void> {
  const report = await inspectFile({ file }, () => undefined, unheard)
  const told = String(await server.call('INFO'))
  const counts = [...told.matchAll(/^db(\d+):keys=(\d+),expires=(\d+)/gm)].map((match) => match.map(Number))
  expect(report.dbs).toEqual(counts.map(([, db, keys, expiring]) => ({ db, keys, expiring })))
}

describe('a server of today', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ args: eager })
    await fillWithEveryType(server)
  })
  afterAll(() => server.stop())

  test.each([
    ['over the disk of the source', 'no'],
    ['without its disk, to the mark at the end', 'yes'],
  ])('%s: the file is what the server holds', async (_, diskless) => {
    await server.call('CONFIG', 'SET', 'repl-diskless-sync', diskless)
    const path = freshPath()
    const heard: DumpProgress[] = []
    const result = await dump([connectionTo(server)], path, { heard: (progress) => heard.push(progress) })

    expect(result.files).toMatchObject([{ file: path, flavour: 'redis', rdbVersion: 10, checksum: 'ok' }])
    expect(result.keys).toBe(result.files[0]!.keys)
    expect(heard.at(-1)!.sources).toMatchObject([{ phase: 'done', bytesDone: statSync(path).size }])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await expectToAgree(path, server)

    // The server itself loads it, and then holds the same.
    const dir = mkdtempSync(join(folder, 'loaded-'))
    writeFileSync(join(dir, 'dump.rdb'), readFileSync(path))
    await using loaded = await startRedis({ dir })
    expect(await loaded.call('DEBUG', 'DIGEST')).toBe(await server.call('DEBUG', 'DIGEST'))
  })

  test('is left as it was, with no replica to its name', async () => {
    const before = await server.call('DEBUG', 'DIGEST')
    await dump([connectionTo(server)], freshPath())
    await sleep(50)
    expect(await server.call('DEBUG', 'DIGEST')).toBe(before)
    expect(String(await server.call('INFO', 'replication'))).toContain('connected_slaves:0')
  })

  test('over TLS with a password', async () => {
    await using safe = await startRedis({ tls: true, password: 'hunter2', args: eager })
    await safe.call('SET', 'a', '1')
    const connection = { ...connectionTo(safe, 'hunter2'), tls: { verify: true, ca: safe.tls!.ca } }
    expect(await dump([connection], freshPath())).toMatchObject({ keys: 1 })
    expect(await failureOf(dump([{ ...connection, password: 'wrong' }], freshPath()))).toMatchObject({
      code: 'auth.wrong-password',
    })
  })

  test('that lets this user copy nothing says so', async () => {
    await server.call('ACL', 'SETUSER', 'reader', 'on', '>hunter2', '~*', '+@read', '+ping', '+info')
    const connection = { ...connectionTo(server, 'hunter2'), username: 'reader' }
    expect(await failureOf(dump([connection], freshPath()))).toMatchObject({ code: 'dump.refused' })
    await server.call('ACL', 'SETUSER', 'reader', '+psync', '+replconf')
    expect(await dump([connection], freshPath())).toMatchObject({ files: [{ checksum: 'ok' }] })
  })

  test('from its replica, which is not in step at first', async () => {
    await using replica = await startRedis({ args: eager })
    await replica.call('REPLICAOF', '127.0.0.1', server.port)
    const early = await failureOf(
      dump([connectionTo(replica)], freshPath()).then(() => Promise.reject(new Error('ready'))),
    )
    if (early.code !== 'internal.unexpected') expect(early.code).toBe('source.not-ready')
    for (let turn = 0; turn < 200; turn += 1) {
      if (String(await replica.call('INFO', 'replication')).includes('master_link_status:up')) break
      await sleep(50)
    }
    const path = freshPath()
    await dump([connectionTo(replica)], path)
    await expectToAgree(path, server)
  })

  test('a file that is there stays, unless told otherwise', async () => {
    const path = freshPath()
    writeFileSync(path, 'mine')
    expect(await failureOf(dump([connectionTo(server)], path))).toMatchObject({
      code: 'file.exists',
      params: { file: path },
    })
    expect(readFileSync(path, 'utf8')).toBe('mine')
    await dump([connectionTo(server)], path, { force: true })
    await expectToAgree(path, server)
  })
})

describe('in the middle of it', () => {
  let large: RedisServer
  beforeAll(async () => {
    large = await startRedis({ args: [...eager, '--rdbcompression', 'no'] })
    await large.call('DEBUG', 'POPULATE', 20_000, 'key', 2_000)
  })
  afterAll(() => large.stop())

  const nothingLeft = (path: string): void => {
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
    expect(existsSync(path)).toBe(false)
  }

  test('the link is cut: said, and no half file is left', async () => {
    // 200 µs a key: four seconds in all.
    await large.call('CONFIG', 'SET', 'repl-diskless-sync', 'yes', 'rdb-key-save-delay', 200)
    await using wire = await startProxy(large.port)
    const path = freshPath()
    const heard = ({ sources: [one] }: DumpProgress): void => {
      if (one!.bytesDone > 1_000_000) wire.cut()
    }
    const failure = await failureOf(dump([{ host: '127.0.0.1', port: wire.port }], path, { heard }))
    expect(failure).toMatchObject({ code: 'dump.broken', params: { address: `127.0.0.1:${wire.port}` } })
    expect(failure.params['done']).toBeGreaterThan(1_000_000)
    nothingLeft(path)
  })

  test('cancelled, it leaves nothing', async () => {
    const ending = new AbortController()
    const heard = ({ sources: [one] }: DumpProgress): void => {
      if (one!.bytesDone > 0) ending.abort()
    }
    const path = freshPath()
    const { signal } = ending
    const failure = await failureOf(dump([connectionTo(large)], path, { heard, signal }))
    expect(failure).toMatchObject({ code: 'job.cancelled' })
    nothingLeft(path)
    await large.call('CONFIG', 'SET', 'rdb-key-save-delay', 0)
  })

  test('a source that ends in the middle of what it announced', async () => {
    await using master = await startFakeMaster(async (replica) => {
      await replica.send('+FULLRESYNC 0 1\r\n$4000000\r\n')
      await replica.send(Buffer.alloc(1_000_000))
      replica.close()
    })
    const path = freshPath()
    expect(await failureOf(dump([connectionTo(master)], path))).toMatchObject({ code: 'dump.broken' })
    nothingLeft(path)
  })

  test.skipIf(disk === null)(
    'the disk is full: said with the folder, whether the size was told or not',
    async () => {
      for (const diskless of ['yes', 'no']) {
        await large.call('CONFIG', 'SET', 'repl-diskless-sync', diskless)
        expect(await failureOf(dump([connectionTo(large)], join(disk!.path, 'a.rdb')))).toMatchObject({
          code: 'file.no-room',
          params: { folder: disk!.path },
        })
        expect(readdirSync(disk!.path)).toEqual([])
      }
    },
  )
})

describe('what a source may send', () => {
  const empty = Buffer.from('REDIS0006\xff\0\0\0\0\0\0\0\0', 'latin1')
  const marker = '0123456789'.repeat(4)

  test.each([
    ['its length', Buffer.concat([Buffer.from(`$${empty.length}\r\n`), empty])],
    ['a mark', Buffer.concat([Buffer.from(`$EOF:${marker}\r\n`), empty, Buffer.from(marker)])],
  ])('with %s, byte by byte, between signs of life', async (_, snapshot) => {
    await using master = await startFakeMaster(async (replica) => {
      await replica.send('\n\n+FULLRESYNC 0000000000000000000000000000000000000000 1\r\n\n\n\n')
      await replica.send(snapshot, 1)
    })
    const path = freshPath()
    expect(await dump([connectionTo(master)], path)).toMatchObject({ keys: 0, bytes: empty.length })
    expect(readFileSync(path).equals(empty)).toBe(true)
  })

  test('a snapshot that is no whole RDB never gets its name', async () => {
    await using master = await startFakeMaster((replica) =>
      replica.send(Buffer.concat([Buffer.from('+FULLRESYNC 0 1\r\n$12\r\n'), empty.subarray(0, 12)])),
    )
    const path = freshPath()
    expect(await failureOf(dump([connectionTo(master)], path))).toMatchObject({
      code: 'file.truncated',
      params: { file: path },
    })
    expect(existsSync(path) || existsSync(`${path}.part`)).toBe(false)
  })

  test('that it cannot save', async () => {
    await using master = await startFakeMaster((replica) =>
      replica.send('-ERR Unable to perform background save\r\n'),
    )
    expect(await failureOf(dump([connectionTo(master)], freshPath()))).toMatchObject({
      code: 'dump.refused',
      params: { reply: 'ERR Unable to perform background save' },
    })
  })
})

describe('several sources', () => {
  test('of a cluster: every master by any of its nodes, and only into a folder', async () => {
    await using cluster = await startCluster({ replicas: 1, args: eager })
    const node = cluster.nodes[3]!
    for (let at = 0; at < 60; at += 1) node.cli('-c', 'SET', `key:${at}`, String(at))
    const to = mkdtempSync(join(folder, 'cluster-'))
    const result = await dump([connectionTo(node)], to, { intoFolder: true })
    expect(result.keys).toBe(60)
    expect(readdirSync(to).sort()).toEqual(
      cluster.nodes
        .slice(0, 3)
        .map(({ port }) => `127.0.0.1-${port}.rdb`)
        .sort(),
    )
    expect(await failureOf(dump([connectionTo(node)], freshPath()))).toMatchObject({ code: 'usage.invalid' })
  })

  test('of a list: where one fails, the others are ended and nothing half is left', async () => {
    await using one = await startRedis({ args: eager })
    await using other = await startRedis({ password: 'x', args: eager })
    await one.call('SET', 'a', '1')
    const to = join(folder, 'made', 'list')
    expect(
      await failureOf(dump([connectionTo(one), connectionTo(other)], to, { intoFolder: true })),
    ).toMatchObject({
      code: 'auth.required',
    })
    expect(await dump([connectionTo(one), connectionTo(other, 'x')], to, { intoFolder: true })).toMatchObject(
      {
        files: [{ keys: 1 }, { keys: 0 }],
      },
    )
    expect(readdirSync(to)).toHaveLength(2)
  })
})

describe('keyferry dump', () => {
  test('says what it made, in words and as events', async () => {
    await using server = await startRedis({ password: 'hunter2', args: eager })
    await server.call('SET', 'a', '1')
    const path = freshPath()
    const args = ['dump', '-f', `127.0.0.1:${server.port}`, '-P', 'hunter2', '-o', path]
    const run = await runCli(args)
    expect(run).toMatchObject({ code: 0 })
    expect(run.stdout).toMatch(
      new RegExp(`127.0.0.1:${server.port} → ${path}: 1 key, .*Redis RDB version 10, checksum right`),
    )
    const again = await runCli([...args, '--force', '--json'])
    expect(again.events.at(-1)).toMatchObject({
      event: 'done',
      keys: 1,
      files: [{ file: path }],
      exitCode: 0,
    })
    expect(run.stdout + run.stderr + again.stdout).not.toContain('hunter2')
  })

  test('Ctrl-C while the source saves leaves nothing', async () => {
    await using server = await startRedis({ args: ['--repl-diskless-sync-delay', '30'] })
    const path = freshPath()
    const running = startCli(['dump', '-f', `127.0.0.1:${server.port}`, '-o', path, '--json'])
    await running.says(/"phase":"waiting"/)
    running.signal('SIGINT')
    expect((await running.ended).events.at(-1)).toMatchObject({ code: 'job.cancelled' })
    expect(existsSync(path) || existsSync(`${path}.part`)).toBe(false)
  })
})

const others = otherServers()
if (others.length === 0) console.warn('KEYFERRY_TEST_SERVERS is not set: no dump from other versions.')
describe.skipIf(others.length === 0)('every version', () => {
  test.each(others.map(({ name, version, binary }) => [`${name} ${version}`, binary] as const))(
    '%s, over its disk and without: inspect agrees with the server',
    async (_, binary) => {
      const options: RedisOptions = { binary }
      await using server = await startRedis(options)
      for (let at = 0; at < 500; at += 1) await server.call('SET', `key:${at}`, `value ${at}`)
      await server.call('SADD', 'set', 'a', 'b')
      await server.call('EXPIRE', 'set', 10_000)
      await server.call('SELECT', 3)
      await server.call('RPUSH', 'list', 'a', 'b')
      const hashFields = await server.call('HSET', 'hash', 'a', 'b').catch(() => null)
      if (hashFields !== null) await server.call('HEXPIRE', 'hash', 1000, 'FIELDS', 1, 'a').catch(() => null)
      for (const diskless of ['no', 'yes']) {
        await server.call('CONFIG', 'SET', 'repl-diskless-sync', diskless).catch(() => null)
        await server.call('CONFIG', 'SET', 'repl-diskless-sync-delay', 0).catch(() => null)
        const path = freshPath()
        await dump([connectionTo(server)], path)
        await expectToAgree(path, server)
      }
    },
  )
})
