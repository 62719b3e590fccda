// What the benchmarks share: the data set, and how a program is timed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, existsSync, mkdirSync, openSync, closeSync, renameSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { startRedis } from '../test/support/redis-server.ts'

const root = join(import.meta.dirname, '..')
export const quiet = ['--save', '', '--appendonly', 'no']

/**
 * Of each 40 keys 28 strings of 100 bytes, and 3 each of hashes (10 fields), lists, sorted sets and sets (20 members):
 * as an RDB, and as a file of RESTORE commands. Made once and kept in .cache/bench.
 */
export async function benchData(keys) {
  const folder = join(root, '.cache', 'bench', String(keys))
  const data = { folder, rdb: join(folder, 'dump.rdb'), pipe: join(folder, 'restore.resp') }
  mkdirSync(folder, { recursive: true })
  if (!existsSync(data.rdb) || !existsSync(data.pipe)) await makeData(keys, data)
  return data
}

/** Fills a server, saves it, and dumps every key as a RESTORE command. */
async function makeData(keys, { folder, rdb, pipe }) {
  console.error(`making ${keys.toLocaleString('en')} keys (once, kept in ${folder}) …`)
  await using server = await startRedis({ args: quiet })
  await feed(server.port, generate(keys), keys)
  const size = Number(await server.call('DBSIZE'))
  if (size !== keys) throw new Error(`the server holds ${size} keys instead of ${keys}`)
  await server.call('SAVE')
  const dir = String((await server.call('CONFIG', 'GET', 'dir'))[1])
  const name = String((await server.call('CONFIG', 'GET', 'dbfilename'))[1])
  await dumpAll(server, pipe)
  renameAcross(join(dir, name), rdb)
}

function renameAcross(from, to) {
  try {
    renameSync(from, to)
  } catch {
    // Another file system: copied under a temporary name first, so that a cut-off copy is never taken for whole.
    const { copyFileSync } = process.getBuiltinModule('node:fs')
    copyFileSync(from, `${to}.part`)
    renameSync(`${to}.part`, to)
  }
}

function* generate(keys) {
  const hex = (text) => createHash('sha1').update(text).digest('hex')
  const command = (...args) =>
    `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`
  const members = (index, count) =>
    Array.from({ length: count }, (_, at) => hex(`${index}.${at}`).slice(0, 12))
  for (let index = 0; index < keys; index += 1) {
    const kind = index % 40
    if (kind < 28)
      yield command(
        'SET',
        `string:${index}`,
        (hex(`${index}a`) + hex(`${index}b`) + hex(`${index}c`)).slice(0, 100),
      )
    else if (kind < 31)
      yield command(
        'HSET',
        `hash:${index}`,
        ...members(index, 10).flatMap((member, at) => [`field${at}`, member]),
      )
    else if (kind < 34) yield command('RPUSH', `list:${index}`, ...members(index, 20))
    else if (kind < 37)
      yield command(
        'ZADD',
        `zset:${index}`,
        ...members(index, 20).flatMap((member, at) => [String(at * 3), member]),
      )
    else yield command('SADD', `set:${index}`, ...members(index, 20))
  }
}

/** Writes commands as fast as they are taken; the answers are read and thrown away. */
async function feed(port, commands, keys) {
  const socket = connect(port, '127.0.0.1')
  let lines = 0
  socket.on('data', (chunk) => {
    for (const byte of chunk) if (byte === 10) lines += 1
  })
  await once(socket, 'connect')
  let text = []
  let length = 0
  for (const command of commands) {
    text.push(command)
    length += command.length
    if (length < 256 * 1024) continue
    if (!socket.write(text.join(''))) await once(socket, 'drain')
    text = []
    length = 0
  }
  socket.write(text.join(''))
  while (lines < keys) await new Promise((resolve) => setTimeout(resolve, 20))
  socket.destroy()
}

/** SCAN and DUMP everything into a file of RESTORE commands, ready for redis-cli --pipe. */
async function dumpAll(server, pipe) {
  const { Redis } = await import('ioredis')
  const redis = new Redis(server.port, '127.0.0.1')
  const out = createWriteStream(`${pipe}.part`)
  let cursor = '0'
  do {
    const [next, found] = await redis.scanBuffer(cursor, 'COUNT', 1000)
    cursor = String(next)
    const payloads = await Promise.all(found.map((key) => redis.dumpBuffer(key)))
    for (const [index, payload] of payloads.entries()) {
      const key = found[index]
      out.write(`*4\r\n$7\r\nRESTORE\r\n$${key.length}\r\n`)
      out.write(key)
      out.write(`\r\n$1\r\n0\r\n$${payload.length}\r\n`)
      out.write(payload)
      if (!out.write('\r\n')) await once(out, 'drain')
    }
  } while (cursor !== '0')
  out.end()
  await once(out, 'close')
  redis.disconnect()
  renameSync(`${pipe}.part`, pipe)
}

/** Runs a command to its end; resolves with the wall time in seconds and what it printed. */
export async function timed(command, args, input) {
  const stdin = input === undefined ? 'ignore' : openSync(input, 'r')
  const started = performance.now()
  const child = spawn(command, args, { stdio: [stdin, 'pipe', 'pipe'], cwd: root })
  let out = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const [code] = await once(child, 'close')
  const seconds = (performance.now() - started) / 1000
  if (typeof stdin === 'number') closeSync(stdin)
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${out.slice(-500)}${errors.slice(-500)}`)
  return { seconds, out }
}

export function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]
}
