import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { skipBigValue, streamBigValue } from '#engine/rdb/big-value.ts'
import { CommandList } from '../support/command-list.ts'
import { corpus, corpusFiles } from '../support/corpus.ts'
import { openPayload } from '../support/dump-payload.ts'
import { valuesOf } from '../support/rdb-values.ts'
import { splitFeed } from '../support/split-feed.ts'

/** All commands that make up the values of a file whose path ends so. */
async function commandsOf(file: string): Promise<string[]> {
  const path = corpusFiles(file)[0]!
  const lines: string[] = []
  for await (const { key, code, value, flavour } of valuesOf(readFileSync(path))) {
    const list = new CommandList()
    await streamBigValue(
      code,
      splitFeed(value, () => 5),
      flavour,
      Buffer.from(key, 'latin1'),
      list,
    )
    lines.push(...list.lines())
  }
  return lines
}

describe.skipIf(corpus === null)('types that the installed server does not know', () => {
  it('hash of 7.4 with expiries, as a table', async () => {
    expect((await commandsOf('cases/hash_with_hfe.rdb')).sort()).toEqual([
      'HPEXPIREAT hash-hfe 2755482424661 FIELDS 1 F1',
      'HPEXPIREAT hash-hfe 2755483429282 FIELDS 1 F2',
      'HPEXPIREAT hash-hfe 2755484433842 FIELDS 1 F3',
      expect.stringMatching(/^HSET hash-hfe( F([1-8]) V\2){8}$/),
    ])
  })

  it('hash of 7.4 with expiries, as a listpack', async () => {
    expect((await commandsOf('cases/hash_as_listpack_with_hfe.rdb')).sort()).toEqual([
      'HPEXPIREAT listpack-hfe 2755482478325 FIELDS 1 F1',
      'HPEXPIREAT listpack-hfe 2755484483878 FIELDS 1 F3',
      expect.stringMatching(/^HSET listpack-hfe( F([1-3]) V\2){3}$/),
    ])
  })

  it('hash of Valkey 9 with expiries', async () => {
    expect(await commandsOf('cases/valkey_hash2_with_hfe.rdb')).toEqual([
      'HSET hash2-hfe F1 V1 F2 V2 F3 V3',
      'HPEXPIREAT hash2-hfe 2715785640000 FIELDS 1 F1',
      'HPEXPIREAT hash2-hfe 2400425640000 FIELDS 1 F2',
    ])
  })

  it('set of 7.2 as a listpack', async () => {
    expect(await commandsOf('cases/set_listpack.rdb')).toEqual(['SADD s a b c d'])
  })

  it('stream of 7.2', async () => {
    expect(await commandsOf('cases/stream_listoacks_3.rdb')).toEqual([
      'XADD mystream 1704557973866-0 name Sara surname OConnor',
      'XSETID mystream 1704557973866-0 ENTRIESADDED 1 MAXDELETEDID 0-0',
      'XGROUP CREATE mystream consumer-group-name 1704557973866-0 ENTRIESREAD 1',
      'XGROUP CREATECONSUMER mystream consumer-group-name consumer-name',
      'XCLAIM mystream consumer-group-name consumer-name 0 1704557973866-0 TIME 1704557998397 RETRYCOUNT 1 FORCE JUSTID',
    ])
  })

  it('hashes of 8.0 with many expiries: as many fields as the file says, each expiry in its time', async () => {
    const lines = await commandsOf('redis-replicator/src/test/resources/dump-ttlhash.rdb')
    const expiries = lines.filter((line) => line.startsWith('HPEXPIREAT')).map((line) => line.split(' '))
    expect(expiries.length).toBeGreaterThan(3)
    for (const [, , expireAt, , count, ...fields] of expiries) {
      expect(fields).toHaveLength(Number(count))
      expect(new Date(Number(expireAt)).getFullYear()).toBeGreaterThanOrEqual(2024)
      expect(new Date(Number(expireAt)).getFullYear()).toBeLessThan(2100)
    }
  })
})

describe.skipIf(corpus === null)('payloads made to break a server', () => {
  it.each(corpusFiles('.dump').map((path) => [basename(path), path]))('%s', async (_, path) => {
    const { type, value } = openPayload(readFileSync(path!))
    for (const work of [
      streamBigValue(
        type,
        splitFeed(value, () => 7),
        'redis',
        Buffer.from('k'),
        new CommandList(),
      ),
      skipBigValue(
        type,
        splitFeed(value, () => 7),
        'redis',
      ),
    ]) {
      const thrown = await work.then(
        () => null,
        (error: unknown) => error,
      )
      if (thrown !== null) expect(thrown).toBeInstanceOf(FailureError)
    }
  })
})
