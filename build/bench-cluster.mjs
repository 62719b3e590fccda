// `npm run bench:cluster`: how fast a restore into a cluster of three masters is, beside redis-cli --pipe with
// ready-made RESTOREs for each master, all at once, and beside redis-cli --cluster import.
//
//   node build/bench-cluster.mjs [--keys 2000000] [--rounds 3] [-n 6] [--imported 20000]
//
// The data set is that of bench-data.mjs. `redis-cli --cluster import` takes one MIGRATE a key:
// it is given fewer keys, and compared by keys a second.
import { createReadStream, createWriteStream, existsSync, renameSync, statSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { keySlot } from '../src-main/engine/bytes/crc16.ts'
import { CommandParser } from '../src-main/engine/resp/command-parser.ts'
import { masterOfSlot, startCluster } from '../test/support/redis-cluster.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { benchData, median, quiet, timed } from './bench-data.mjs'

const masters = 3
const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', short: 'n', default: '6' },
    imported: { type: 'string', default: '20000' },
  },
})
const keys = Number(values.keys)
const rounds = Number(values.rounds)
const imported = Number(values.imported)
const { folder, rdb, pipe } = await benchData(keys)
const parts = Array.from({ length: masters }, (_, number) =>
  join(folder, `restore-${number + 1}-of-${masters}.resp`),
)
if (!parts.every((part) => existsSync(part))) await split()
await measure()

/** The commands for all keys, parted by the master that has the slot. */
async function split() {
  const outs = parts.map((part) => createWriteStream(`${part}.part`))
  const parser = new CommandParser(0)
  for await (const chunk of createReadStream(pipe, { highWaterMark: 1024 * 1024 }))
    for (const { args, raw } of parser.push(chunk)) {
      const out = outs[masterOfSlot(keySlot(args[1]), masters)]
      if (!out.write(Buffer.from(raw))) await once(out, 'drain')
    }
  for (const out of outs) await new Promise((resolve) => out.end(resolve))
  for (const part of parts) renameSync(`${part}.part`, part)
}

async function measure() {
  await using cluster = await startCluster({ masters, args: quiet })
  const target = `127.0.0.1:${cluster.nodes[0].port}`
  const emptied = async (expected) => {
    const sizes = await Promise.all(cluster.nodes.map((node) => node.call('DBSIZE')))
    const size = sizes.reduce((sum, one) => sum + Number(one), 0)
    if (size !== expected) throw new Error(`${size} keys in the cluster instead of ${expected}`)
    await Promise.all(cluster.nodes.map((node) => node.call('FLUSHALL')))
  }
  const piped = []
  const ours = []
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now()
    await Promise.all(
      cluster.nodes.map(({ port }, number) =>
        timed('redis-cli', ['-p', String(port), '--pipe'], parts[number]),
      ),
    )
    piped.push((performance.now() - started) / 1000)
    await emptied(keys)
    const { seconds, out } = await timed(process.execPath, [
      ...['out/main/cli.js', 'restore', '-i', rdb, '-t', target, '-n', values.connections, '--json'],
    ])
    await emptied(keys)
    const done = JSON.parse(out.trim().split('\n').at(-1))
    const run = { seconds, write: done.writeMs / 1000, cpu: done.cpuSeconds, rss: done.peakRssBytes }
    ours.push(run)
    console.error(
      `round ${round + 1}: redis-cli --pipe ×${masters} ${piped.at(-1).toFixed(2)} s, keyferry ${seconds.toFixed(2)} s (write ${run.write.toFixed(2)} s)`,
    )
  }
  const importing = await importSeconds(target, emptied)
  const of = (name) => median(ours.map((run) => run[name]))
  const seconds = of('seconds')
  const row = (name, count, taken) =>
    console.log(
      `${name.padEnd(38)} ${taken.toFixed(2).padStart(7)} s ${Math.round(count / taken)
        .toLocaleString('en')
        .padStart(10)} keys/s`,
    )
  console.log(
    `${keys.toLocaleString('en')} keys, ${(statSync(rdb).size / 1e6).toFixed(0)} MB, ${masters} masters, medians of ${rounds} interleaved rounds, ${values.connections} connections`,
  )
  row(`redis-cli --pipe for each master at once`, keys, median(piped))
  row('keyferry restore, whole process', keys, seconds)
  row('keyferry restore, writing phase', keys, of('write'))
  row('redis-cli --cluster import', imported, importing)
  console.log(
    `${(median(piped) / seconds).toFixed(2)} × redis-cli --pipe, ${((keys / seconds) * (importing / imported)).toFixed(1)} × redis-cli --cluster import (whole process)`,
  )
  console.log(`own CPU ${of('cpu').toFixed(2)} s, peak RSS ${(of('rss') / 1e6).toFixed(0)} MB`)
}

/** Of the same mix of keys, fewer of them. */
async function importSeconds(target, emptied) {
  const { rdb: small } = await benchData(imported)
  await using source = await startRedis({ args: [...quiet, '--dbfilename', 'absent.rdb'] })
  await timed(process.execPath, ['out/main/cli.js', 'restore', '-i', small, '-t', `127.0.0.1:${source.port}`])
  const { seconds } = await timed('redis-cli', [
    ...['--cluster', 'import', target, '--cluster-from', `127.0.0.1:${source.port}`, '--cluster-copy'],
  ])
  await emptied(imported)
  return seconds
}
