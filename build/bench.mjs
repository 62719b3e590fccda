// `npm run bench`: how fast a restore is, beside redis-cli --pipe with ready-made RESTOREs, in one run.
//
//   node build/bench.mjs [--keys 2000000] [--rounds 3] [-n 4]
//
// The data set is that of bench-data.mjs.
import { statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startRedis } from '../test/support/redis-server.ts'
import { benchData, median, quiet, timed } from './bench-data.mjs'

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', short: 'n', default: '4' },
  },
})
const keys = Number(values.keys)
const rounds = Number(values.rounds)
const { rdb, pipe } = await benchData(keys)
await measure()

async function measure() {
  const bytes = statSync(rdb).size
  const ours = []
  const theirs = []
  await using server = await startRedis({ args: quiet })
  const target = `127.0.0.1:${server.port}`
  const assertFull = async () => {
    const size = Number(await server.call('DBSIZE'))
    if (size !== keys) throw new Error(`${size} keys on the target instead of ${keys}`)
    await server.call('FLUSHALL')
  }
  for (let round = 0; round < rounds; round += 1) {
    const piped = await timed('redis-cli', ['-p', String(server.port), '--pipe'], pipe)
    await assertFull()
    theirs.push({ seconds: piped.seconds })
    const run = await timed(process.execPath, [
      'out/main/cli.js',
      'restore',
      '-i',
      rdb,
      '-t',
      target,
      '-n',
      values.connections,
      '--json',
    ])
    await assertFull()
    const done = JSON.parse(run.out.trim().split('\n').at(-1))
    ours.push({
      seconds: run.seconds,
      check: done.checkMs / 1000,
      write: done.writeMs / 1000,
      cpu: done.cpuSeconds,
      rss: done.peakRssBytes,
    })
    console.error(
      `round ${round + 1}: redis-cli --pipe ${piped.seconds.toFixed(2)} s, keyferry ${run.seconds.toFixed(2)} s (check ${(done.checkMs / 1000).toFixed(2)} s, write ${(done.writeMs / 1000).toFixed(2)} s)`,
    )
  }
  const of = (list, name) => median(list.map((run) => run[name]))
  const pipeSeconds = of(theirs, 'seconds')
  const row = (name, seconds) =>
    console.log(
      `${name.padEnd(34)} ${seconds.toFixed(2).padStart(7)} s ${Math.round(keys / seconds)
        .toLocaleString('en')
        .padStart(
          10,
        )} keys/s ${(bytes / seconds / 1e6).toFixed(1).padStart(7)} MB/s ${(pipeSeconds / seconds).toFixed(2).padStart(6)} ×`,
    )
  console.log(
    `${keys.toLocaleString('en')} keys, ${(bytes / 1e6).toFixed(0)} MB, medians of ${rounds} interleaved rounds, ${values.connections} connections`,
  )
  row('redis-cli --pipe, ready RESTOREs', pipeSeconds)
  row('keyferry restore, whole process', of(ours, 'seconds'))
  row('keyferry restore, writing phase', of(ours, 'write'))
  const cpu = of(ours, 'cpu')
  console.log(
    `own CPU ${cpu.toFixed(2)} s: ${((cpu / keys) * 1e6).toFixed(2)} s per million keys (of the whole process, the check of the file included)`,
  )
  console.log(
    `checking the file ${of(ours, 'check').toFixed(2)} s; peak RSS ${(of(ours, 'rss') / 1e6).toFixed(0)} MB`,
  )
}
