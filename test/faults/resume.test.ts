import { randomBytes, randomInt } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { wordsOfCommand } from '#contract/cutover-command.ts'
import { verifySpecSchema, type VerifyResult } from '#contract/verify.ts'
import { runVerify } from '#engine/verify/verify.ts'
import { fillWithEveryType } from '../support/every-type.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, startCli, type CliRun, type RunningCli } from '../support/run-cli.ts'
import { connectionTo } from '../support/sync-ends.ts'

/** How often the command line is killed; ten minutes of it belong to `KEYFERRY_KILLS=50`. */
const kills = Number(process.env['KEYFERRY_KILLS'] ?? 8)
/** And how often in one restore. */
const killsEach = 4

let folder: string
let home: string
/** Every type, 90,000 small keys, and a large list in the middle. */
let file: string
let keys: number
let digest: string
let target: RedisServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-resume-'))
  file = join(folder, 'dump.rdb')
  target = await startRedis()
  await using source = await startRedis()
  await fillWithEveryType(source)
  await source.call('DEBUG', 'POPULATE', 60_000, 'small', 200)
  await source.call('SELECT', 3)
  const noise = randomBytes(60_000)
  for (let at = 0; at < 200; at += 1)
    await source.call('RPUSH', 'large', Buffer.concat([Buffer.from(`${at}`), noise]))
  await source.call('SELECT', 15)
  await source.call('DEBUG', 'POPULATE', 30_000, 'more', 100)
  await source.call('SELECT', 0)
  await source.call('SAVE')
  digest = await digestOf(source)
  keys = await keysOn(source)
  copyFileSync(join(source.dir, 'dump.rdb'), file)
}, 60_000)

afterAll(async () => {
  await target.stop()
  rmSync(folder, { recursive: true })
})

beforeEach(async () => {
  home = mkdtempSync(join(folder, 'home-'))
  await target.call('FLUSHALL')
  await target.call('FUNCTION', 'FLUSH')
})

async function digestOf(server: RedisServer): Promise<string> {
  return String(await server.call('DEBUG', 'DIGEST'))
}

const args = (server: RedisServer, ...more: string[]): string[] => [
  ...['restore', '--json', '-i', file, '-t', `127.0.0.1:${server.port}`],
  ...more,
]
const env = (): Record<string, string> => ({ KEYFERRY_HOME: home })
const begin = (server: RedisServer, ...more: string[]): RunningCli =>
  startCli(args(server, ...more), { env: env(), timeoutMs: 60_000 })
const toTheEnd = (server: RedisServer, ...more: string[]): Promise<CliRun> => begin(server, ...more).ended

function resultOf(run: CliRun): Readonly<Record<string, unknown>> {
  const last = run.events.at(-1)
  if (last?.['event'] !== 'done') throw new Error(`not done: ${run.stderr}${JSON.stringify(last)}`)
  return last
}

/** Every value by itself, and that nothing of ours is left on the target or on disk. */
async function expectWhole(server: RedisServer): Promise<void> {
  expect(await digestOf(server)).toBe(digest)
  const spec = verifySpecSchema.parse({
    source: { files: [file] },
    target: connectionTo(server),
    mode: 'full',
  })
  const found: VerifyResult = await runVerify(spec, () => undefined, new AbortController().signal)
  expect(found).toMatchObject({ equal: true, differing: 0, compared: keys, targetKeys: keys })
  expect(readdirSync(join(home, 'restores'))).toEqual([])
}

/** Resolves when about so many keys are on the target, or the restore has ended. */
async function written(server: RedisServer, wanted: number, run: RunningCli): Promise<void> {
  let hasEnded = false
  void run.ended.then(() => (hasEnded = true))
  while (!hasEnded && (await keysOn(server)) < wanted) await sleep(2)
}

async function keysOn(server: RedisServer): Promise<number> {
  const told = String(await server.call('INFO', 'keyspace'))
  return [...told.matchAll(/keys=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
}

test(`killed ${kills} times at random moments, under every policy: each run goes on, and all is there in the end`, async () => {
  const told = { killed: 0, resumed: 0, rounds: 0 }
  const policies = ['fail', 'skip', 'replace']
  while (told.killed < kills) {
    const policy = policies[told.rounds % 3]!
    told.rounds += 1
    await target.call('FLUSHALL')
    await target.call('FUNCTION', 'FLUSH')
    const until = Math.min(kills, told.killed + killsEach)
    for (let done = false; !done;) {
      const run = begin(target, '--on-conflict', policy, '--max-bytes', '15MB')
      await run.says(/"phase":"writing"/).catch(() => undefined)
      if (told.killed < until) {
        const there = await keysOn(target)
        await written(target, there + randomInt(Math.max(2, Math.ceil((keys - there) * 0.7))), run)
        await sleep(randomInt(60))
        run.signal('SIGKILL')
      }
      const { code, stdout } = await run.ended
      if (code === null) told.killed += 1
      else resultOf(await run.ended)
      // Killed when all was written, and only not said yet: there is nothing to go on with.
      done = code !== null || readdirSync(join(home, 'restores')).length === 0
      if (/"resumedFrom":\d/.test(stdout)) told.resumed += 1
    }
    await expectWhole(target)
  }
  console.log(
    `killed ${told.killed} times in ${told.rounds} restores, ${told.resumed} runs went on with an earlier one`,
  )
  expect(told.killed).toBe(kills)
  expect(told.resumed).toBeGreaterThan(kills / 2)
}, 900_000)

test('the machine goes down: the target too, without a file of its own, comes back with an older state', async () => {
  await using crashing = await startRedis({ args: ['--save', '', '--appendonly', 'no'] })
  const run = begin(crashing)
  await written(crashing, keys / 3, run)
  await crashing.call('SAVE')
  await written(crashing, keys / 2, run)
  run.signal('SIGKILL')
  await crashing.kill9()
  await run.ended
  await crashing.restart()
  expect(resultOf(await toTheEnd(crashing))).toMatchObject({ resumedFrom: 0, keysSkipped: 0, keysFailed: 0 })
  await expectWhole(crashing)
})

test('the target with an append-only file is killed with us: what it lost is written again', async () => {
  await using durable = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'no'] })
  const run = begin(durable)
  await written(durable, keys / 2, run)
  run.signal('SIGKILL')
  await durable.kill9()
  await run.ended
  await durable.restart()
  expect(resultOf(await toTheEnd(durable))).toMatchObject({ keysSkipped: 0, keysFailed: 0 })
  await expectWhole(durable)
})

test('a target emptied meanwhile is written from the start', async () => {
  const run = begin(target)
  await written(target, keys / 2, run)
  run.signal('SIGKILL')
  await run.ended
  await target.call('FLUSHALL')
  await target.call('FUNCTION', 'FLUSH')
  expect(resultOf(await toTheEnd(target))).toMatchObject({ resumedFrom: 0 })
  await expectWhole(target)
})

test('cancelled by Ctrl-C it says the command that goes on with it, as the list does; that says where', async () => {
  const plain = args(target, '-n', '4', '--max-bytes', '100MB').filter((arg) => arg !== '--json')
  const run = startCli(plain, { env: env(), timeoutMs: 60_000 })
  await written(target, keys / 2, run)
  run.signal('SIGINT')
  const { code, stderr } = await run.ended
  expect(code).toBe(1)
  const command = /^ +(keyferry restore .+)$/m.exec(stderr)?.[1] ?? ''
  const listed = await runCli(['restores'], { env: env() })
  expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining(`  ${command}\n`) })
  const again = await runCli(wordsOfCommand(command)!.slice(1), { env: env() })
  expect(again).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/An interrupted restore of this into this target is continued at \d+ %/),
  })
  await expectWhole(target)
  expect((await runCli(['restores'], { env: env() })).stdout).toBe('No restore was cut short.\n')
})

test('what somebody else has written behind the place it came to is still a conflict', async () => {
  const run = begin(target)
  await written(target, 2_000, run)
  run.signal('SIGKILL')
  await run.ended
  const journal = join(home, 'restores', readdirSync(join(home, 'restores'))[0]!)
  const entry = JSON.parse(readFileSync(journal, 'utf8')) as { ledger: object }
  expect(entry).toMatchObject({ holder: { pid: run.pid }, onConflict: 'fail' })
  // As of a run that went slowly: it sent no more than the first tenth.
  const sentOffset = 3_000_000
  const ledger = { ...entry.ledger, position: { offset: 0, sourceDb: 0 }, sentOffset, marks: [] }
  writeFileSync(journal, JSON.stringify({ ...entry, ledger, mayHaveSent: sentOffset }))
  await target.call('FLUSHALL')
  await target.call('SELECT', 15)
  await target.call('MSET', 'list', 'theirs', 'more:29999', 'theirs')
  await target.call('SELECT', 0)
  expect((await toTheEnd(target)).events.at(-1)).toMatchObject({
    event: 'failed',
    code: 'target.not-empty',
    params: { keys: 2 },
  })
})

test('a file that has changed is refused, with a clear word; begun afresh it is restored', async () => {
  const own = join(folder, 'changing.rdb')
  copyFileSync(file, own)
  const ownArgs = args(target).map((arg) => (arg === file ? own : arg))
  const run = startCli(ownArgs, { env: env() })
  await written(target, keys / 3, run)
  run.signal('SIGKILL')
  await run.ended
  appendFileSync(own, 'x')
  const refused = await runCli(ownArgs, { env: env() })
  expect(refused.events.at(-1)).toMatchObject({ event: 'failed', code: 'restore.input-changed' })
  const afresh = await runCli([...ownArgs, '--restart', '--on-conflict', 'replace'], { env: env() })
  expect(resultOf(afresh)).toMatchObject({ resumedFrom: null, keysFailed: 0 })
  await expectWhole(target)
})

test('while one is at it, another one of the same is refused', async () => {
  const run = begin(target)
  await written(target, 1_000, run)
  await target.call('CLIENT', 'PAUSE', 5_000, 'WRITE')
  const second = await toTheEnd(target)
  expect(second.events.at(-1)).toMatchObject({ event: 'failed', code: 'restore.under-way' })
  resultOf(await run.ended)
  await expectWhole(target)
})

test('several files into a cluster, killed and gone on with: each key once, on the owner of its slot', async () => {
  await using cluster = await startCluster()
  const [first] = cluster.nodes
  const shards = await Promise.all(['a', 'b', 'c'].map(shardFile))
  const spread = (...more: string[]): RunningCli =>
    startCli(
      [
        ...['restore', '--json', '-t', `127.0.0.1:${first!.port}`],
        ...shards.flatMap((shard) => ['-i', shard]),
        ...more,
      ],
      { env: env(), timeoutMs: 60_000 },
    )
  const each = 30_001
  for (const wanted of [each / 2, each * 2.5]) {
    const run = spread()
    await run.says(/"phase":"writing"/)
    await writtenTo(cluster.nodes, wanted, run)
    run.signal('SIGKILL')
    expect((await run.ended).code).toBe(null)
  }
  const result = resultOf(await spread().ended)
  expect(result['resumedFrom']).toBeGreaterThan(0)
  expect(result).toMatchObject({ keysWritten: 3 * each, keysSkipped: 0, keysFailed: 0 })
  const found = await runVerify(
    verifySpecSchema.parse({
      source: { files: shards },
      target: connectionTo(first!),
      mode: 'full',
    }),
    () => undefined,
    new AbortController().signal,
  )
  expect(found).toMatchObject({
    ...{ equal: true, compared: 3 * each, targetKeys: 3 * each, byKind: {} },
    slotsCovered: 16_384,
  })
  expect(readdirSync(join(home, 'restores'))).toEqual([])
})

/** 30,000 small keys and a large list, as a shard's backup. */
async function shardFile(name: string): Promise<string> {
  await using source = await startRedis()
  await source.call('DEBUG', 'POPULATE', 30_000, `shard:${name}`, 300)
  const noise = randomBytes(60_000)
  for (let at = 0; at < 150; at += 1)
    await source.call('RPUSH', `large:${name}`, Buffer.concat([Buffer.from(`${at}`), noise]))
  await source.call('SAVE')
  const path = join(folder, `${name}.rdb`)
  copyFileSync(join(source.dir, 'dump.rdb'), path)
  return path
}

async function writtenTo(nodes: readonly RedisServer[], wanted: number, run: RunningCli): Promise<void> {
  let hasEnded = false
  void run.ended.then(() => (hasEnded = true))
  for (let there = 0; !hasEnded && there < wanted;) {
    there = 0
    for (const node of nodes) there += await keysOn(node)
    await sleep(2)
  }
}
