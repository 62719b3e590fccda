import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FailureError } from '#contract/failure.ts'
import { restoreSpecSchema } from '#contract/restore.ts'
import { inspectFile } from '#engine/aof/inspect.ts'
import { createJobRunner } from '#engine/worker/pool.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

/** RDB files of other projects, with what independent readers and real servers made of them. */
const corpus = process.env['KEYFERRY_CORPUS'] ?? join(import.meta.dirname, '../../../shared/corpus')
const present = existsSync(join(corpus, 'INDEX.md'))
if (!present) console.warn(`SKIPPED: no corpus at ${corpus} (KEYFERRY_CORPUS names another place)`)

interface Row {
  readonly path: string
  readonly version: string
  /** Type names of rdb.h → keys. */
  readonly types: Readonly<Record<string, number>>
  readonly opcodes: readonly string[]
  readonly dbs: readonly number[] | null
  readonly checksum: string
  /** Keys that a real 7.0.15 holds after loading it; null where it refused. */
  readonly loadedBy70: number | null
  readonly broken: boolean
}

const rows: readonly Row[] = present ? readIndex() : []

function readIndex(): Row[] {
  let folder = ''
  return readFileSync(join(corpus, 'INDEX.md'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const heading = /^## ([\w-]+)\/([\w.-]+) — /.exec(line)
      if (heading !== null) folder = `${heading[1]}__${heading[2]}`
      const cells = line.split('|').map((cell) => cell.trim())
      const path = /^`(.+\.rdb)`$/.exec(cells[1] ?? '')?.[1]
      // The index also names files that are byte for byte the same as others; those are not kept twice.
      if (path === undefined || folder === '' || !existsSync(join(corpus, folder, path))) return []
      const content = cells[4]!
      const loaded = cells[6]!.split('/')[1]!
      return [
        {
          path: join(folder, path),
          version: cells[3]!,
          types: Object.fromEntries(
            [...content.matchAll(/([\w()]+)×(\d+)/g)].map(([, name, count]) => [
              fullName(name!),
              Number(count),
            ]),
          ),
          opcodes: /\[([A-Z_0-9,]+)\]/.exec(content)?.[1]?.split(',') ?? [],
          dbs: /dbs=\[([\d, ]+)\]/.exec(content)?.[1]?.split(', ').map(Number) ?? null,
          checksum: { ok: 'ok', '-': 'absent', zero: 'disabled' }[cells[5]!] ?? cells[5]!,
          loadedBy70: /^\d+$/.test(loaded) ? Number(loaded) : null,
          broken:
            content.includes('TYPE_') ||
            content.includes('MODULE_PRE_GA') ||
            /^(REDIS0075|VALKEY987)/.test(cells[3]!),
        },
      ]
    })
}

function fullName(short: string): string {
  return short
    .replace('(valkey)', '')
    .replace(/^STREAM_LP/, 'STREAM_LISTPACKS')
    .replace(/_LP/, '_LISTPACK')
}

describe.skipIf(!present)('RDB files of other projects', () => {
  let target: RedisServer
  const runner = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))

  beforeAll(async () => {
    target = await startRedis()
  })

  afterAll(async () => {
    await target.stop()
  })

  test('there are as many as the index is known to list', () => expect(rows.length).toBeGreaterThan(80))

  test.each(rows.filter(({ broken }) => !broken))(
    '$path: what is in it',
    async ({ path, types, opcodes, dbs, checksum }) => {
      const report = await inspectFile(
        { file: join(corpus, path) },
        () => undefined,
        new AbortController().signal,
      )
      expect(Object.fromEntries(report.types.map(({ name, keys }) => [name, keys]))).toEqual(types)
      expect(report.keys).toBe(Object.values(types).reduce((sum, keys) => sum + keys, 0))
      const named = report.opcodes.map(({ name }) => name)
      expect(named.toSorted()).toEqual(opcodes.filter((name) => !/^EXPIRE/.test(name)).toSorted())
      expect(report.expiring > 0).toBe(opcodes.some((name) => /^EXPIRE/.test(name)))
      if (dbs !== null) expect(report.dbs.map(({ db }) => db)).toEqual(dbs)
      expect(report.checksum).toBe(checksum)
    },
  )

  test.each(rows.filter(({ broken }) => broken))(
    '$path: refused with a code and a place',
    async ({ path }) => {
      const failure = await inspectFile(
        { file: join(corpus, path) },
        () => undefined,
        new AbortController().signal,
      ).then(
        () => expect.fail('it was taken'),
        (thrown: unknown) => (thrown instanceof FailureError ? thrown.failure : expect.fail(String(thrown))),
      )
      expect(failure.code).toMatch(/^file\.(version-unsupported|unknown-type)$/)
      if (failure.code === 'file.unknown-type') expect(failure.params['offset']).toBeGreaterThan(9)
    },
  )

  test.each(rows.filter(({ loadedBy70, broken }) => loadedBy70 !== null && !broken))(
    '$path: restores to what 7.0 loads from it',
    async ({ path, loadedBy70 }) => {
      await target.call('FLUSHALL')
      await target.call('FUNCTION', 'FLUSH')
      const spec = restoreSpecSchema.parse({
        files: [join(corpus, path)],
        // As the server itself, which passes over functions of before its release.
        cannotHold: 'skip',
        target: { host: '127.0.0.1', port: target.port },
        connections: 3,
      })
      const result = await runner.run('restore', spec, {})
      const keyspace = String(await target.call('INFO', 'keyspace'))
      const keys = [...keyspace.matchAll(/keys=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
      expect(keys).toBe(result.keysWritten)
      expect(keys).toBe(loadedBy70)
      // What is written to no key was past its time, or such that the server's own loading drops it too.
      expect(result.keysWritten + result.keysExpired + result.keysFailed).toBe(result.keys)
    },
  )
})
