import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { restoreSpecSchema, type RestoreRequest, type RestoreResult } from '#contract/restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import { downConvert, type Converted } from '#engine/rdb/down-convert.ts'
import { type } from '#engine/rdb/opcodes.ts'
import { makePayload } from '#engine/rdb/writer.ts'
import { probeCapabilities } from '#engine/redis/capabilities.ts'
import { Link } from '#engine/resp/link.ts'
import { corpus, corpusFiles } from '../support/corpus.ts'
import { openPayload } from '../support/dump-payload.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { valuesOf, type StoredValue } from '../support/rdb-values.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { connectionTo, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'

/** What a server of 2.6 reads. */
const oldest: readonly number[] = [
  ...[type.STRING, type.LIST, type.SET, type.ZSET, type.HASH, type.HASH_ZIPMAP, type.LIST_ZIPLIST],
  ...[type.SET_INTSET, type.ZSET_ZIPLIST, type.HASH_ZIPLIST],
]

let source: RedisServer
let keys: readonly { readonly key: Buffer; readonly type: number; readonly value: Buffer }[]

beforeAll(async () => {
  source = await startRedis()
  await fillWithEveryType(source)
  // Quicklists, sorted sets and hashes whose strings are packed, and one that is large.
  await source.call('RPUSH', 'list:packed', ...Array.from({ length: 500 }, (_, at) => `${at} `.repeat(30)))
  const names = (await source.callBuffer('KEYS', '*')) as Buffer[]
  keys = await Promise.all(
    names.map(async (key) => ({ key, ...openPayload((await source.callBuffer('DUMP', key)) as Buffer) })),
  )
})

afterAll(() => source.stop())

const noMore = { streams: false, dropFieldsExpiredBy: null }

function convert(
  { type: code, value }: { readonly type: number; readonly value: Buffer },
  takes: readonly number[],
): Converted {
  const options = { ...noMore, takes: new Set(takes), hashFieldExpiry: false }
  return downConvert(code, value, 0, value.length, 'redis', options)
}

async function restoreInto(server: RedisServer, key: Buffer, code: number, value: Buffer): Promise<void> {
  expect(await server.call('RESTORE', key, 0, makePayload(code, value, 6))).toBe('OK')
}

/** All that a client can read of a key; the members of what has no order, in one. */
async function readAll(server: RedisServer, key: Buffer): Promise<unknown> {
  const kind = String(await server.call('TYPE', key))
  const read = async (...command: [string, ...(string | number | Buffer)[]]): Promise<Buffer[]> =>
    (await server.callBuffer(...command)) as Buffer[]
  const hex = (parts: readonly Buffer[]): string[] => parts.map((part) => part.toString('hex'))
  const pairs = (parts: readonly string[]): string[] =>
    parts.flatMap((part, at) => (at % 2 === 0 ? [`${part} ${parts[at + 1]}`] : []))
  switch (kind) {
    case 'list':
      return hex(await read('LRANGE', key, 0, -1))
    case 'set':
      return hex(await read('SMEMBERS', key)).sort()
    case 'hash':
      return pairs(hex(await read('HGETALL', key))).sort()
    case 'zset': {
      const parts = await read('ZRANGE', key, 0, -1, 'WITHSCORES')
      // What is written as -0 by one server is 0 to another.
      const score = (text: string): string => String(Number(text.replace('inf', 'Infinity')) + 0)
      return parts.map((part, at) => (at % 2 === 0 ? part.toString('hex') : score(part.toString())))
    }
    case 'stream':
      return [
        await server.call('XRANGE', key, '-', '+'),
        await Promise.all(
          ((await server.call('XINFO', 'GROUPS', key)) as (string | number)[][]).map(async (group) => [
            group.slice(0, 8),
            await server.call('XPENDING', key, String(group[1]), '-', '+', 1000).then(withoutIdle),
          ]),
        ),
      ]
    default:
      return hex([(await server.callBuffer('GET', key)) as Buffer])
  }
}

/** How long ago an entry was delivered depends on when one asks. */
function withoutIdle(reply: unknown): unknown {
  return (reply as unknown[][]).map(([id, consumer, , deliveries]) => [id, consumer, deliveries])
}

describe('values of 7.0 as types of 2.6, and streams as of 5.0', () => {
  test('each is read by a server as what it was', async () => {
    await using target = await startRedis()
    const takes = [...oldest, type.STREAM_LISTPACKS]
    const converted = new Set<number>()
    for (const one of keys.filter((each) => !takes.includes(each.type))) {
      const result = convert(one, takes)
      if (result.as !== 'value') expect.fail(`${one.key.toString()}: as ${result.as}`)
      expect(takes).toContain(result.type)
      await restoreInto(target, one.key, result.type, result.value)
      const name = one.key.toString()
      // The digest also tells whether there is an expiry.
      if (Number(await source.call('PTTL', one.key)) > 0) await target.call('EXPIRE', one.key, 600)
      expect(await target.call('DEBUG', 'DIGEST-VALUE', one.key), name).toEqual(
        await source.call('DEBUG', 'DIGEST-VALUE', one.key),
      )
      expect(await readAll(target, one.key), name).toEqual(await readAll(source, one.key))
      converted.add(one.type)
    }
    expect([...converted].sort((a, b) => a - b)).toEqual([
      ...[type.ZSET_2, type.HASH_LISTPACK, type.ZSET_LISTPACK, type.LIST_QUICKLIST_2],
      type.STREAM_LISTPACKS_2,
    ])
  })

  test('what is small is packed again by the server that reads it', async () => {
    await using target = await startRedis()
    const small = keys.filter(({ key }) => /^(hash|zset):small$/.test(key.toString()))
    expect(small).toHaveLength(2)
    for (const one of small) {
      const result = convert(one, oldest)
      if (result.as === 'value') await restoreInto(target, one.key, result.type, result.value)
      expect(await target.call('OBJECT', 'ENCODING', one.key)).toBe('listpack')
    }
  })

  test('a stream is nothing to a server that knows none', () => {
    const stream = keys.find(({ key }) => key.toString() === 'stream')!
    expect(convert(stream, oldest)).toEqual({ as: 'nothing' })
  })

  test('a damaged value is said to be damaged', () => {
    const hash = keys.find(({ key }) => key.toString() === 'hash:small')!
    const damaged = { type: hash.type, value: hash.value.subarray(0, -3) }
    expect(() => convert(damaged, oldest)).toThrow(/^file\.(truncated|corrupt)/)
  })
})

describe.skipIf(corpus === null)('types later than the installed server', () => {
  async function first(ending: string): Promise<StoredValue> {
    for await (const value of valuesOf(readFileSync(corpusFiles(ending)[0]!))) return value
    throw new Error(`${ending} holds nothing`)
  }

  test('a stream of 7.2 for 7.0', async () => {
    await using target = await startRedis()
    const { code, value } = await first('cases/stream_listoacks_3.rdb')
    const result = convert({ type: code, value }, [type.STREAM_LISTPACKS, type.STREAM_LISTPACKS_2])
    if (result.as !== 'value') return expect.fail(result.as)
    expect(result.type).toBe(type.STREAM_LISTPACKS_2)
    const key = Buffer.from('s')
    await restoreInto(target, key, result.type, result.value)
    const told = (await target.call('XINFO', 'STREAM', key, 'FULL')) as unknown[]
    expect(JSON.stringify(told)).toMatch(
      /"last-generated-id","1704557973866-0".*"entries-added",1.*"name","consumer-group-name".*"entries-read",1.*"seen-time",1704557998397/,
    )
  })

  test('a set of 7.2 for 2.6', async () => {
    const { code, value } = await first('cases/set_listpack.rdb')
    await using target = await startRedis()
    const result = convert({ type: code, value }, oldest)
    if (result.as !== 'value') return expect.fail(result.as)
    await restoreInto(target, Buffer.from('s'), result.type, result.value)
    expect(((await target.call('SMEMBERS', 's')) as string[]).sort()).toEqual(['a', 'b', 'c', 'd'])
  })

  test.each([
    'cases/hash_with_hfe.rdb',
    'cases/hash_as_listpack_with_hfe.rdb',
    'cases/valkey_hash2_with_hfe.rdb',
  ])('%s: fields that expire go as commands, or not at all', async (file) => {
    const { code, value, flavour } = await first(file)
    const as = (hashFieldExpiry: boolean): string =>
      downConvert(code, value, 0, value.length, flavour, {
        ...noMore,
        takes: new Set(oldest),
        hashFieldExpiry,
      }).as
    expect([as(true), as(false)]).toEqual(['commands', 'nothing'])
  })
})

describe('what a server takes', () => {
  const noClaim = { versionNumber: 0, flavour: 'redis', version: '0' }

  const servers = [...otherServers(), { name: 'installed', version: '7.0', binary: 'redis-server' }]

  test.each(servers)(
    '$name $version: is found out, leaving nothing behind',
    async ({ name, version, binary }) => {
      await using server = await startRedis({ binary })
      using link = await Link.open({ host: server.host, port: server.port })
      // A claim that is wrong on purpose: it must not be believed where trying tells.
      const found = await probeCapabilities(link, noClaim)
      expect(await server.call('DBSIZE')).toBe(0)
      const [major, minor] = version.split('.').map((part) => Number.parseInt(part, 10))
      const number = name === 'valkey' ? 702 : major! * 100 + minor!
      expect(found).toMatchObject({
        replace: number >= 300,
        absoluteTtl: number >= 500,
        access: number >= 500,
        functions: number >= 700,
        clientKillId: number >= 208,
        cluster: false,
      })
      const since: Readonly<Record<number, number>> = {
        [type.LIST]: 206,
        [type.HASH_ZIPMAP]: 206,
        [type.LIST_QUICKLIST]: 302,
        [type.ZSET_2]: 400,
        [type.STREAM_LISTPACKS]: 500,
        [type.LIST_QUICKLIST_2]: 700,
        [type.STREAM_LISTPACKS_2]: 700,
        [type.SET_LISTPACK]: 702,
        [type.STREAM_LISTPACKS_3]: 702,
      }
      for (const [code, first] of Object.entries(since))
        expect(found.restoreTypes.includes(Number(code)), `type ${code}`).toBe(number >= first)
    },
  )

  test('a server that is full is believed by its version', async () => {
    await using server = await startRedis({ args: ['--maxmemory', '1'] })
    using link = await Link.open({ host: server.host, port: server.port })
    const found = await probeCapabilities(link, { ...noClaim, versionNumber: 602 })
    expect(found.restoreTypes).toContain(type.STREAM_LISTPACKS)
    expect(found.restoreTypes).not.toContain(type.LIST_QUICKLIST_2)
  })

  const withRestore = otherServers().filter(({ version }) => !version.startsWith('2.4.'))

  test.runIf(withRestore.length > 0).each(withRestore)(
    '$name $version: every value arrives, converted where need be',
    async ({ binary }) => {
      await using server = await startRedis({ binary })
      using link = await Link.open({ host: server.host, port: server.port })
      const { restoreTypes } = await probeCapabilities(link, noClaim)
      for (const one of keys) {
        const result = restoreTypes.includes(one.type) ? null : convert(one, restoreTypes)
        const isStream = /^stream/.test(one.key.toString())
        if (result?.as === 'nothing' && isStream) continue
        if (result === null) await restoreInto(server, one.key, one.type, one.value)
        else if (result.as === 'value') await restoreInto(server, one.key, result.type, result.value)
        else expect.fail(`${one.key.toString()}: as ${result.as}`)
        expect(await readAll(server, one.key), one.key.toString()).toEqual(await readAll(source, one.key))
      }
    },
  )
})

describe('a whole backup of 7.0 restored', () => {
  let file: string

  beforeAll(async () => {
    await source.call('FUNCTION', 'FLUSH')
    await source.call('SAVE')
    file = join(source.dir, 'dump.rdb')
  })

  async function restore(target: RedisServer, options: Partial<RestoreRequest> = {}): Promise<RestoreResult> {
    const spec = restoreSpecSchema.parse({
      files: [file],
      target: { host: target.host, port: target.port },
      ...options,
    })
    return await runRestore(spec, () => undefined, new AbortController().signal)
  }

  /** Every key of every database that the target has is as at the source; gives how many it has. */
  async function compare(target: RedisServer): Promise<number> {
    let count = 0
    for (const db of [0, 3, 15]) {
      await Promise.all([source.call('SELECT', db), target.call('SELECT', db)])
      for (const key of (await target.callBuffer('KEYS', '*')) as Buffer[]) {
        const name = `db ${db} ${key.toString()}`
        expect(await readAll(target, key), name).toEqual(await readAll(source, key))
        const left = Number(await source.call('PTTL', key))
        const leftThere = await timeLeft(target, key)
        expect(Math.abs(left - leftThere), `${name}: ${left} and ${leftThere}`).toBeLessThan(2_000)
        count += 1
      }
    }
    await Promise.all([source.call('SELECT', 0), target.call('SELECT', 0)])
    return count
  }

  /** Milliseconds, of which 2.4 knows whole seconds; -1 without an expiry. */
  async function timeLeft(server: RedisServer, key: Buffer): Promise<number> {
    if (!server.version.startsWith('2.4.')) return Number(await server.call('PTTL', key))
    const seconds = Number(await server.call('TTL', key))
    return seconds < 0 ? seconds : seconds * 1000
  }

  async function keysAt(server: RedisServer): Promise<number> {
    const info = String(await server.call('INFO', 'keyspace'))
    return [...info.matchAll(/keys=(\d+)/g)].reduce((sum, [, found]) => sum + Number(found), 0)
  }

  test.runIf(otherServers().length > 0).each(otherServers())(
    'into $name $version, twice',
    async ({ binary, version }) => {
      await using target = await startRedis({ binary })
      const streams = Number.parseInt(version, 10) < 5 ? 2 : 0
      const result = await restore(target, { cannotHold: 'skip' })
      expect(result).toMatchObject({ keysFailed: streams, keysWritten: result.keys - streams })
      expect(result.examples.map(({ reason }) => reason)).toEqual(
        Array<string>(streams).fill('target.cannot-hold'),
      )
      expect(await compare(target)).toBe((await keysAt(source)) - streams)
      const again = await restore(target, { onConflict: 'replace', cannotHold: 'skip' })
      expect(again.keysWritten).toBe(result.keysWritten)
      expect(await compare(target)).toBe(result.keysWritten)
      const kept = await restore(target, { onConflict: 'skip', cannotHold: 'skip' })
      expect(kept).toMatchObject({ keysSkipped: result.keysWritten, keysWritten: 0 })
    },
  )

  test('into a server that forbids RESTORE: with commands alone', async () => {
    await using target = await startRedis({ args: ['--rename-command', 'RESTORE', ''] })
    const result = await restore(target)
    expect(result).toMatchObject({ keysFailed: 0, keysWritten: result.keys })
    expect(await compare(target)).toBe(result.keys)
    // Over what is there, which is of other types too: nothing of it may stay.
    await target.call('DEL', 'list:small', 'hash:small')
    await target.call('SET', 'list:small', 'a string')
    await target.call('HSET', 'hash:small', 'another', 'field')
    const again = await restore(target, { onConflict: 'replace' })
    expect(again).toMatchObject({ keysFailed: 0, keysWritten: result.keys })
    expect(await compare(target)).toBe(result.keys)
    const kept = await restore(target, { onConflict: 'skip' })
    expect(kept).toMatchObject({ keysSkipped: result.keys, keysWritten: 0 })
  })

  test.skipIf(corpus === null)('types of later servers into 7.0: what cannot be held is named', async () => {
    await using target = await startRedis()
    const into = async (ending: string): Promise<RestoreResult> =>
      await restore(target, { files: [corpusFiles(ending)[0]!], fieldExpiry: 'skip' })
    expect(await into('cases/set_listpack.rdb')).toMatchObject({ keysWritten: 1, keysFailed: 0 })
    expect(await into('cases/stream_listoacks_3.rdb')).toMatchObject({ keysWritten: 1, keysFailed: 0 })
    expect(await into('cases/hash_with_hfe.rdb')).toMatchObject({
      keysWritten: 0,
      keysFailed: 1,
      examples: [{ db: 0, key: 'hash-hfe', reason: 'target.cannot-hold' }],
    })
    expect(await target.call('DBSIZE')).toBe(2)
  })
})

describe('a live source of a later version', () => {
  const later = otherServers().find(({ name, version }) => name === 'redis' && version.startsWith('7.2'))

  test.skipIf(later === undefined)('its sets and streams arrive in 7.0', async () => {
    await using lives = await startRedis({
      binary: later!.binary,
      args: ['--repl-diskless-sync-delay', '0'],
    })
    await using target = await startRedis()
    using folder = taskFolder()
    await lives.call('SADD', 'set', 'a', 'b', 'c')
    await lives.call('XADD', 'stream', '1-1', 'field', 'value')
    await lives.call('XGROUP', 'CREATE', 'stream', 'group', '0')
    await lives.call('XREADGROUP', 'GROUP', 'group', 'consumer', 'STREAMS', 'stream', '>')
    await using sync = startSync({
      task: 'down',
      source: connectionTo(lives),
      target: connectionTo(target),
      folder: folder.path,
    })
    await sync.until(({ phase }) => phase === 'in-step')
    expect(((await target.call('SMEMBERS', 'set')) as string[]).sort()).toEqual(['a', 'b', 'c'])
    expect(await readAll(target, Buffer.from('stream'))).toEqual(await readAll(lives, Buffer.from('stream')))
  })
})
