// `npm run bench:sync`: how a live copy gets on beside a replica of the server's own, in one run: the full copy, a
// recorded stream applied, how far behind it is at a steady rate, and what it costs the source.
//
//   node build/bench-sync.mjs [--keys 2000000] [--commands 2000000] [--rounds 3] [--rate 20000] [--seconds 10]
//
// The data set is that of bench-data.mjs. A stream is measured by holding the follower (SIGSTOP) while it is written at
// the source, and timing from there until all of it is in the target.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, createWriteStream, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startRedis } from '../test/support/redis-server.ts'
import { benchData, median, quiet, timed } from './bench-data.mjs'
import { buildIfNeeded } from './built.mjs'
import { inProject } from './run.mjs'

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '2000000' },
    commands: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '10' },
  },
})
const [keys, commands, rounds, rate, seconds] = ['keys', 'commands', 'rounds', 'rate', 'seconds'].map(
  (name) => Number(values[name]),
)
/** What a live copy is to reach of the server's own replica. */
const goals = { copy: 1, small: 0.4, large: 0.8 }
const pollMs = 2
const longestWaitMs = 300_000
/** Written in one command at the end of a stream, they are in the target only when all lanes have come so far. */
const lastKeys = Array.from({ length: 64 }, (_, index) => `bench:last:${index}`)

const unhindered = [
  ...quiet,
  ...['--client-output-buffer-limit', 'replica 0 0 0', '--repl-diskless-sync-delay', '0'],
]
const followers = { REPLICAOF: startReplica, keyferry: startKeyferry }

await buildIfNeeded()
const { folder, rdb } = await benchData(keys)
await fullCopies()
await streams('small commands', await stream('small', commands, smallCommand), commands, goals.small)
await streams('values of 1 KB', await stream('1k', commands / 4, largeCommand), commands / 4, goals.large)
await lags()

async function fullCopies() {
  await using source = await startSource()
  const runs = { REPLICAOF: [], keyferry: [] }
  for (let round = 0; round < rounds; round += 1)
    for (const [name, follow] of Object.entries(followers)) {
      await using target = await startRedis({ args: unhindered })
      const load = watchLoad(source)
      const started = performance.now()
      const follower = await follow(source, target)
      await until(async () => Number(await target.call('DBSIZE')) >= keys)
      const seconds = (performance.now() - started) / 1000
      // A replica is at work before it is told whom to follow; our process is started for it, and checks both sides.
      const run = { seconds, behindStart: seconds - (follower.startSeconds ?? 0), ...(await load.stop()) }
      await follower.stop()
      runs[name].push(run)
      console.error(`full copy, round ${round + 1}: ${name} ${run.seconds.toFixed(2)} s`)
    }
  const of = (name, what) => median(runs[name].map((run) => run[what]))
  console.log(
    `Full copy of ${keys.toLocaleString('en')} keys from a live source, medians of ${rounds} rounds`,
  )
  for (const name of Object.keys(followers))
    console.log(
      `  ${name.padEnd(10)} ${of(name, 'seconds').toFixed(2).padStart(7)} s; the source: CPU ${of(name, 'cpu').toFixed(2)} s, ${of(name, 'forks')} fork that copied ${of(name, 'copied').toFixed(1)} MB, resident +${of(name, 'rss').toFixed(0)} MB, output buffer up to ${of(name, 'buffer').toFixed(1)} MB`,
    )
  const [theirs, ours] = [of('REPLICAOF', 'seconds'), of('keyferry', 'behindStart')]
  console.log(
    `  ${ratio(theirs, ours, goals.copy)}, from its first word on; with the start of its process ${(theirs / of('keyferry', 'seconds')).toFixed(2)} ×`,
  )
}

function ratio(theirs, ours, goal) {
  return `${(theirs / ours).toFixed(2)} × (goal ${goal.toFixed(1)})`
}

async function streams(what, file, count, goal) {
  const runs = { REPLICAOF: [], keyferry: [] }
  for (let round = 0; round < rounds; round += 1)
    for (const [name, follow] of Object.entries(followers)) {
      await using source = await startRedis({ args: unhindered })
      await using target = await startRedis({ args: unhindered })
      const follower = await follow(source, target)
      process.kill(follower.pid, 'SIGSTOP')
      await timed('redis-cli', ['-p', String(source.port), '--pipe'], file)
      await source.call('MSET', ...lastKeys.flatMap((key) => [key, '1']))
      const started = performance.now()
      process.kill(follower.pid, 'SIGCONT')
      await until(async () => (await target.call('EXISTS', ...lastKeys)) === lastKeys.length)
      runs[name].push((performance.now() - started) / 1000)
      await follower.stop()
      console.error(`${what}, round ${round + 1}: ${name} ${runs[name].at(-1).toFixed(2)} s`)
    }
  const [theirs, ours] = [median(runs.REPLICAOF), median(runs.keyferry)]
  console.log(
    `${count.toLocaleString('en')} recorded writes, ${what}: REPLICAOF ${theirs.toFixed(2)} s (${Math.round(count / theirs).toLocaleString('en')}/s), keyferry ${ours.toFixed(2)} s (${Math.round(count / ours).toLocaleString('en')}/s): ${ratio(theirs, ours, goal)}`,
  )
}

/** How long a write takes from its answer at the source until it is read at the target. */
async function lags() {
  for (const [name, follow] of Object.entries(followers)) {
    await using source = await startRedis({ args: unhindered })
    await using target = await startRedis({ args: unhindered })
    const follower = await follow(source, target)
    const writing = writeSteadily(source.port)
    const found = []
    const end = performance.now() + seconds * 1000
    for (let probe = 1; performance.now() < end; probe += 1) {
      await source.call('SET', 'bench:probe', probe)
      const written = performance.now()
      await until(async () => Number(await target.call('GET', 'bench:probe')) >= probe, 0)
      found.push(performance.now() - written)
      await sleep(10)
    }
    const reached = await writing.stop()
    await follower.stop()
    const sorted = found.toSorted((a, b) => a - b)
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1)
    console.log(
      `In step at ${Math.round(reached).toLocaleString('en')} writes/s, ${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms of ${found.length} looks`,
    )
  }
}

async function startSource() {
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-bench-'))
  copyFileSync(rdb, join(dir, 'dump.rdb'))
  const source = await startRedis({ args: unhindered, dir })
  await until(async () => Number(await source.call('DBSIZE').catch(() => 0)) === keys)
  return {
    port: source.port,
    call: source.call.bind(source),
    async [Symbol.asyncDispose]() {
      await source.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function startReplica(source, target) {
  await target.call('REPLICAOF', '127.0.0.1', source.port)
  await until(async () => String(await target.call('INFO', 'replication')).includes('master_link_status:up'))
  return { pid: target.pid, stop: () => target.call('REPLICAOF', 'NO', 'ONE') }
}

/** The command line, in step. */
async function startKeyferry(source, target) {
  const home = mkdtempSync(join(tmpdir(), 'keyferry-bench-'))
  const ends = ['-f', `127.0.0.1:${source.port}`, '-t', `127.0.0.1:${target.port}`]
  const child = spawn(
    process.execPath,
    [inProject('out', 'main', 'cli.js'), 'sync', ...ends, '--accept-warnings', '--json'],
    { env: { ...process.env, KEYFERRY_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const spawned = performance.now()
  let said = ''
  let startSeconds = 0
  child.stdout.on('data', (chunk) => {
    if (said === '') startSeconds = (performance.now() - spawned) / 1000
    said += chunk
  })
  child.stderr.on('data', (chunk) => (said += chunk))
  const ended = once(child, 'close')
  await until(() => {
    if (child.exitCode !== null)
      throw new Error(`keyferry sync ended with ${child.exitCode}: ${said.slice(-800)}`)
    return said.includes('"in-step"')
  })
  return {
    pid: child.pid,
    startSeconds,
    async stop() {
      child.kill('SIGINT')
      await ended
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** What the source spends from now on until `stop`. */
function watchLoad(source) {
  const ended = new AbortController()
  const figures = async () => {
    const info = String(await source.call('INFO', 'everything'))
    const of = (name) => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1] ?? 0)
    return {
      cpu: ['sys', 'user', 'sys_children', 'user_children'].reduce(
        (sum, of_) => sum + of(`used_cpu_${of_}`),
        0,
      ),
      forks: of('total_forks'),
      copied: of('rdb_last_cow_size') / 1e6,
      rss: of('used_memory_rss') / 1e6,
      buffer: of('mem_clients_slaves') / 1e6,
    }
  }
  const watching = (async () => {
    const before = await figures()
    const most = { rss: 0, buffer: 0 }
    while (!ended.signal.aborted) {
      const now = await figures()
      most.rss = Math.max(most.rss, now.rss - before.rss)
      most.buffer = Math.max(most.buffer, now.buffer)
      await sleep(100, undefined, { signal: ended.signal }).catch(() => undefined)
    }
    const after = await figures()
    const { cpu, forks, copied } = after
    return { cpu: cpu - before.cpu, forks: forks - before.forks, copied, ...most }
  })()
  return {
    stop: async () => {
      ended.abort()
      return await watching
    },
  }
}

/** `rate` small writes a second, in bursts a hundred times a second; resolves with the rate that was reached. */
function writeSteadily(port) {
  const socket = connect(port, '127.0.0.1')
  socket.resume()
  const started = performance.now()
  let written = 0
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * rate)
    const burst = []
    while (written < due) burst.push(encode(smallCommand((written += 1))))
    socket.write(burst.join(''))
  }, 10)
  return {
    stop: async () => {
      clearInterval(timer)
      const reached = written / ((performance.now() - started) / 1000)
      socket.end()
      await once(socket, 'close')
      return reached
    },
  }
}

/** Made once and kept beside the data set. */
async function stream(name, count, command) {
  const file = join(folder, `stream-${name}-${count}.resp`)
  if (existsSync(file)) return file
  const out = createWriteStream(`${file}.part`)
  for (let index = 0; index < count; index += 1)
    if (!out.write(encode(command(index)))) await once(out, 'drain')
  await new Promise((resolve) => out.end(resolve))
  renameSync(`${file}.part`, file)
  return file
}

/** Of what applications write most, over 100,000 keys of each type. */
function smallCommand(index) {
  const at = (index * 7919) % 100_000
  switch (index % 10) {
    case 0:
    case 1:
      return ['SET', `string:${at}`, `value-${index}`]
    case 2:
      return ['INCR', `counter:${at}`]
    case 3:
    case 4:
      return ['HSET', `hash:${at}`, `field${index % 8}`, String(index)]
    case 5:
      return ['RPUSH', `list:${at}`, String(index)]
    case 6:
      return ['LPOP', `list:${at}`]
    case 7:
      return ['ZADD', `zset:${at}`, String(index), `member${index % 16}`]
    case 8:
      return ['SADD', `set:${at}`, `member${index % 16}`]
    default:
      return ['EXPIRE', `string:${at}`, '3600']
  }
}

function largeCommand(index) {
  return ['SET', `large:${(index * 7919) % 100_000}`, `${index}:`.padEnd(1024, 'abcdefghij')]
}

function encode(args) {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`
}

async function until(reached, everyMs = pollMs) {
  const end = performance.now() + longestWaitMs
  while (!(await reached())) {
    if (performance.now() > end) throw new Error(`not reached within ${longestWaitMs / 1000} s`)
    await sleep(everyMs)
  }
}
