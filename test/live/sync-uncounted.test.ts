import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createJobRunner } from '#engine/worker/pool.ts'
import { openMigrations } from '#migration/open.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'
import { pairsAtHand } from '../support/server-pairs.ts'
import { compareAll, connectionTo, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

/** Before 2.8 a source knows SYNC alone, and counts nothing. */
const atHand = pairsAtHand('2.6>7.0')

if (atHand.length === 0) test.skip('a source that counts no stream is followed', () => undefined)

test.each(atHand)(
  '$source.version, followed by SYNC: in step under writers, copied again when the link is lost, equal when drained',
  { timeout: 180_000 },
  async (binaries) => {
    await using source = await startRedis({ binary: binaries.source.binary })
    await using target = await startRedis({ binary: binaries.target.binary })
    using folder = taskFolder()
    await source.call('SET', 'sum:far', '1')
    await source.call('EXPIRE', 'sum:far', '5000')
    const writer = startWriter({ port: source.port, rate: 3_000, seed: 26 })
    await using sync = startSync({
      task: 'uncounted',
      source: connectionTo(source),
      target: connectionTo(target),
      folder: folder.path,
    })
    await sync.until(({ phase, writes }) => phase === 'in-step' && writes > 2_000)
    // A sum of floats comes as a SET that lets the key stay: it is asked for again, at its place in the stream.
    await source.call('INCRBYFLOAT', 'sum:far', '0.5')
    expect(sync.progress!.shards[0]!.fullResyncs).toBe(1)

    await source.call('CLIENT', 'KILL', linkOf(source))
    await sync.until(({ phase, shards }) => phase === 'in-step' && shards[0]!.fullResyncs === 2)

    sync.give({ type: 'settle' })
    await sync.until(({ guard }) => guard === 'settled')
    await writer.stop()
    sync.give({ type: 'drainTo', offsets: [null] })
    await sync.until(({ phase }) => phase === 'drained')
    const proof = await compareAll(source, target, {}, 5)
    expect(proof).toMatchObject({ equal: true, differing: 0, differences: [] })
    expect(proof.compared).toBeGreaterThan(1_000)
    expect(Number(await target.call('PTTL', 'sum:far'))).toBeGreaterThan(4_000_000)
    sync.give({ type: 'finish' })
    await sync.done
    expect(target.cli('--scan', '--pattern', 'keyferry:*')).toBe('')
  },
)

/** Where the replica that follows it comes from. */
function linkOf(source: RedisServer): string {
  return /addr=(\S+) .*flags=S /.exec(source.cli('CLIENT', 'LIST'))![1]!
}

test.each(atHand)(
  '$source.version is migrated whole by one command under writers: frozen without an offset, proven, unfrozen',
  { timeout: 180_000 },
  async (binaries) => {
    const password = 'secret of the old one'
    await using source = await startRedis({ binary: binaries.source.binary, password })
    await using target = await startRedis({ binary: binaries.target.binary })
    const home = mkdtempSync(join(tmpdir(), 'keyferry-home-'))
    {
      const jobs = createJobRunner(new URL('../../src-main/engine/worker/main.ts', import.meta.url))
      await using migrations = openMigrations({ folder: home, jobs })
      migrations.profiles.save({
        name: 'old',
        source: connectionTo(source, password),
        target: connectionTo(target),
      })
    }
    const writer = startWriter({ port: source.port, password, rate: 3_000, seed: 7 })
    try {
      const env = { KEYFERRY_HOME: home, KEYFERRY_SOURCE_PASSWORD: password }
      const asked = await runCli(['run', 'old', '--cutover', 'auto', '--json'], { env, timeoutMs: 60_000 })
      expect(asked.stdout).toContain('sync-alone')
      expect(asked.code).not.toBe(0)

      const run = await runCli(['run', 'old', '--cutover', 'auto', '--accept-warnings', '--json'], {
        env,
        timeoutMs: 120_000,
      })
      await writer.stop()
      expect(run.stderr).toBe('')
      expect(run.events.at(-1)).toMatchObject({ event: 'done', state: 'finished', freeze: 'undone' })
      expect(writer.refused).toBeGreaterThan(0)
      expect(await source.call('CONFIG', 'GET', 'requirepass')).toEqual(['requirepass', password])
      const proof = await compareAll(source, target, { source: password }, 5)
      expect(proof).toMatchObject({ equal: true, differing: 0 })
      expect(proof.compared).toBeGreaterThan(1_000)
    } finally {
      await writer.stop()
      rmSync(home, { recursive: true, force: true })
    }
  },
)
