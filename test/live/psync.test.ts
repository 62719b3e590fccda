import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { FailureError } from '../../src-main/contract/failure.ts'
import { Replication } from '../../src-main/engine/source/psync.ts'
import { Spool } from '../../src-main/engine/source/spool.ts'
import { encodeCommand } from '../../src-main/engine/resp/encode.ts'
import { startFakeMaster } from '../support/fake-master.ts'
import { startRedis } from '../support/redis-server.ts'
import { compareAll, connectionTo, drain, infoField, taskFolder } from '../support/sync-ends.ts'
import { startSync } from '../support/sync-process.ts'
import { startWriter } from '../support/writer.ts'

const options = { quotaBytes: 1 << 30, keepBehindMs: 60_000 }
const first = 'a'.repeat(40)
const second = 'b'.repeat(40)
const marker = '0123456789'.repeat(4)

async function until(met: () => boolean, limitMs = 10_000): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!met()) {
    if (Date.now() > deadline) throw new Error('waited too long')
    await sleep(5)
  }
}

function follow(port: number, spool: Spool): { replication: Replication; stop(): Promise<void> } {
  const ending = new AbortController()
  const replication = new Replication({
    connection: () => ({ host: '127.0.0.1', port }),
    spool,
    name: 'kf:test:source',
  })
  const running = replication.run(ending.signal)
  return {
    replication,
    async stop() {
      ending.abort()
      await running
    },
  }
}

/** Every write to a file takes so long, until it is disposed of. */
async function slowDisk(folder: string, ms: number): Promise<Disposable> {
  await using file = await open(join(folder, 'any'), 'w')
  const kind = Object.getPrototypeOf(file) as FileHandle
  const original = Object.getOwnPropertyDescriptor(kind, 'writev')!.value as FileHandle['writev']
  const spy = vi.spyOn(kind, 'writev').mockImplementation(async function (this: FileHandle, ...given) {
    await sleep(ms)
    return await original.apply(this, given)
  })
  return { [Symbol.dispose]: () => spy.mockRestore() }
}

async function readStream(spool: Spool, from: number, to: number): Promise<string> {
  const ending = new AbortController()
  let text = ''
  for await (const { bytes, end } of spool.read(from, ending.signal)) {
    text += bytes.toString('latin1')
    if (end >= to) ending.abort()
  }
  return text
}

test.each([
  ['its length', `$9\r\nREDIS0010`, 1],
  ['a marker', `$EOF:${marker}\r\nREDIS0010${marker}`, 1],
  ['a marker', `$EOF:${marker}\r\nREDIS0010${marker}`, 7],
])(
  'a snapshot with %s, dribbled, then the stream, each byte counted; acknowledged only what lies on disk',
  async (_, snapshot, piece) => {
    using folder = taskFolder()
    await using spool = await Spool.open(join(folder.path, 'spool'), options)
    const ping = encodeCommand(['PING']).toString()
    const getAck = encodeCommand(['REPLCONF', 'GETACK', '*']).toString()
    await using master = await startFakeMaster(async (replica) => {
      await replica.send(`\n\n+FULLRESYNC ${first} 1000\r\n\n\n`)
      await replica.send(snapshot, piece)
      if (snapshot.startsWith('$EOF')) {
        // As a server does: nothing more until the first acknowledgement that follows the transfer.
        const before = replica.said.length
        await until(() => replica.said.slice(before).some((said) => said === 'REPLCONF ACK 1000'))
      }
      await replica.send(`${ping}\n`, 3)
      await replica.send(getAck)
    })
    const { replication, stop } = follow(master.port, spool)
    const end = 1000 + ping.length + 1 + getAck.length
    await until(() => spool.end === end)
    expect(spool.lineage).toMatchObject({ replid: first, start: 1000, snapshot: 9 })
    const read = Buffer.alloc(20)
    await using reader = await spool.readSnapshot(new AbortController().signal)
    expect(await reader.read(0, read, 0, 20)).toBe(9)
    expect(read.toString('latin1', 0, 9)).toBe('REDIS0010')
    expect(await readStream(spool, 1000, end)).toBe(`${ping}\n${getAck}`)
    // Asked for: answered at once, not within the second.
    await until(() => master.replicas[0]!.said.includes(`REPLCONF ACK ${end}`), 700)
    expect(spool.durable).toBe(end)
    expect(replication.state).toBe('streaming')
    expect(master.replicas[0]!.said.slice(0, 6)).toEqual([
      'PING',
      'CLIENT SETNAME kf:test:source',
      expect.stringMatching(/^REPLCONF listening-port \d+$/),
      'REPLCONF version 9.1.0',
      'REPLCONF capa eof capa psync2',
      'PSYNC ? -1',
    ])
    await stop()
  },
)

test('after a lost link it goes on from its last byte, under whatever id the source has by then', async () => {
  using folder = taskFolder()
  await using spool = await Spool.open(join(folder.path, 'spool'), options)
  const commands: string[] = []
  await using master = await startFakeMaster(async (replica, command, before) => {
    commands.push(command)
    if (before === 0) {
      await replica.send(`+FULLRESYNC ${first} 0\r\n$9\r\nREDIS0010one`)
      await until(() => spool.end === 3)
      replica.close()
    } else if (before === 1) {
      await replica.send(`+CONTINUE ${second}\r\ntwo`)
      await until(() => spool.end === 6)
      replica.close()
    } else await replica.send(`+CONTINUE\r\nsix`)
  })
  const { stop } = follow(master.port, spool)
  await until(() => spool.end === 9)
  expect(commands).toEqual(['PSYNC ? -1', `PSYNC ${first} 4`, `PSYNC ${second} 7`])
  expect(await readStream(spool, 0, 9)).toBe('onetwosix')
  expect(spool.reaches(first, 3)).toBe(true)
  expect(spool.reaches(first, 5)).toBe(false)
  await stop()
})

test('what was received before the link was lost is not asked for again, however slow the disk', async () => {
  using folder = taskFolder()
  await using spool = await Spool.open(join(folder.path, 'spool'), options)
  using _slow = await slowDisk(folder.path, 500)
  const commands: string[] = []
  await using master = await startFakeMaster(async (replica, command, before) => {
    commands.push(command)
    if (before === 0) {
      await replica.send(`+FULLRESYNC ${first} 0\r\n$9\r\nREDIS0010`)
      await until(() => spool.lineage?.snapshot === 9)
      await replica.send('one')
      await until(() => replication.received === 12)
      replica.close()
    } else await replica.send(`+CONTINUE\r\ntwo`)
  })
  const { replication, stop } = follow(master.port, spool)
  await until(() => spool.end === 6)
  expect(commands).toEqual(['PSYNC ? -1', `PSYNC ${first} 4`])
  expect(await readStream(spool, 0, 6)).toBe('onetwo')
  await stop()
})

test('a snapshot broken off is asked for anew, not taken for a whole one', async () => {
  using folder = taskFolder()
  await using spool = await Spool.open(join(folder.path, 'spool'), options)
  const commands: string[] = []
  await using master = await startFakeMaster(async (replica, command, before) => {
    commands.push(command)
    if (before === 0) {
      await replica.send(`+FULLRESYNC ${first} 5\r\n$EOF:${marker}\r\nREDIS0010${marker.slice(0, 39)}`)
      await until(() => spool.snapshotBytes === 9)
      replica.close()
    } else await replica.send(`+FULLRESYNC ${second} 77\r\n$9\r\nREDIS0011`)
  })
  const { stop } = follow(master.port, spool)
  await until(() => spool.lineage?.snapshot === 9)
  expect(commands).toEqual(['PSYNC ? -1', 'PSYNC ? -1'])
  expect(spool.lineage).toMatchObject({ replid: second, start: 77 })
  await stop()
})

test('a source that counts nothing is not taken for silent, and asked for all again, while the disk has no room', async () => {
  using folder = taskFolder()
  const small = { quotaBytes: 2_000_000, keepBehindMs: 0, segmentBytes: 500_000 }
  await using spool = await Spool.open(join(folder.path, 'spool'), small)
  const ping = encodeCommand(['PING'])
  const stream = Buffer.concat(new Array<Buffer>(2_000_000).fill(ping))
  const commands: string[] = []
  let sent = false
  await using master = await startFakeMaster(async (replica, command) => {
    commands.push(command)
    if (command !== 'SYNC') return replica.send("-ERR unknown command 'PSYNC'\r\n")
    await replica.send('$9\r\nREDIS0002')
    await replica.send(stream)
    sent = true
  })
  const ending = new AbortController()
  const replication = new Replication({
    connection: () => ({ host: '127.0.0.1', port: master.port }),
    spool,
    name: 'kf:test:source',
    silenceMs: 3_000,
  })
  const running = replication.run(ending.signal)
  await until(() => spool.full)
  // Longer than a source may be silent.
  await sleep(5_000)
  expect(replication.waitingFor).toMatchObject({ code: 'spool.full', params: { bytes: small.quotaBytes } })
  expect(sent).toBe(false)
  const deadline = Date.now() + 60_000
  while (spool.end < stream.length && Date.now() < deadline) {
    await spool.release(spool.end)
    await sleep(5)
  }
  expect(spool.end).toBe(stream.length)
  expect(commands).toEqual(['PSYNC ? -1', 'SYNC'])
  ending.abort()
  await running
})

test('a source that is not ready is waited for, and says why', async () => {
  using folder = taskFolder()
  await using spool = await Spool.open(join(folder.path, 'spool'), options)
  const refusals = [
    '-LOADING Redis is loading the dataset in memory\r\n',
    "-NOMASTERLINK Can't SYNC while not connected with my master\r\n",
    "-ERR Can't SYNC while not connected with my master\r\n",
  ]
  await using master = await startFakeMaster((replica, _command, before) =>
    replica.send(refusals[before] ?? `+FULLRESYNC ${first} 0\r\n$9\r\nREDIS0010`),
  )
  const { replication, stop } = follow(master.port, spool)
  await until(() => replication.state === 'waiting')
  expect(replication.waitingFor?.code).toBe('source.not-ready')
  await until(() => replication.state === 'streaming')
  expect(replication.waitingFor).toBe(null)
  expect(master.replicas).toHaveLength(4)
  await stop()
})

test.each([
  ["-ERR unknown command 'PSYNC'\r\n", 'server.unknown-command'],
  ["-NOPERM this user has no permissions to run the 'psync' command\r\n", 'auth.no-permission'],
  ['+WHATEVER\r\n', 'connect.not-redis'],
])('a source that will never hand out its stream is not waited for: %j', async (line, code) => {
  using folder = taskFolder()
  await using spool = await Spool.open(join(folder.path, 'spool'), options)
  await using master = await startFakeMaster((replica) => replica.send(line))
  const replication = new Replication({
    connection: () => ({ host: '127.0.0.1', port: master.port }),
    spool,
    name: 'kf:test:source',
  })
  const failed: unknown = await replication
    .run(new AbortController().signal)
    .catch((thrown: unknown) => thrown)
  expect((failed as FailureError).failure.code).toBe(code)
  await expect(replication.restart(() => Promise.resolve())).rejects.toMatchObject({ failure: { code } })
})

test('asked from elsewhere while it ends, or asked twice at once: nobody waits for an answer that never comes', async () => {
  using folder = taskFolder()
  await using spool = await Spool.open(join(folder.path, 'spool'), options)
  await using master = await startFakeMaster((replica) =>
    replica.send(`+FULLRESYNC ${first} 0\r\n$9\r\nREDIS0010`),
  )
  const { replication, stop } = follow(master.port, spool)
  await until(() => replication.state === 'streaming')
  const prepared: string[] = []
  const prepare = (name: string) => async (): Promise<void> => {
    prepared.push(name)
    await spool.forget()
  }
  await Promise.all([replication.restart(prepare('one')), replication.restart(prepare('other'))])
  expect(prepared).toEqual(['one', 'other'])
  await until(() => replication.state === 'streaming' && spool.lineage !== null)
  const late = replication.restart(prepare('late'))
  const [, told] = await Promise.allSettled([stop(), late])
  expect(told).toMatchObject({ status: 'rejected', reason: { failure: { code: 'job.cancelled' } } })
  expect(prepared).not.toContain('late')
})

test('a real source that writes its snapshot to disk first, behind a password that changes on the way', async () => {
  await using source = await startRedis({ args: ['--repl-diskless-sync', 'no'], password: 'old one' })
  await using target = await startRedis()
  using folder = taskFolder()
  const writer = startWriter({ port: source.port, password: 'old one', rate: 1_000 })
  await using sync = startSync({
    task: 'disk',
    source: connectionTo(source, 'old one'),
    target: connectionTo(target),
    folder: folder.path,
  })
  const received = await sync.until(({ phase }) => phase === 'in-step')
  expect(received.snapshotTotal).toBe(received.snapshotBytes)
  await source.call('CONFIG', 'SET', 'requirepass', 'new one')
  sync.give({ type: 'credentials', source: 0, password: 'new one' })
  await sleep(100)
  await source.call('CLIENT', 'KILL', 'TYPE', 'replica')
  await sync.until(({ partialResyncs }) => partialResyncs === 1)
  await sync.until(({ phase }) => phase === 'in-step')
  await writer.stop()
  await source.call('CONFIG', 'SET', 'requirepass', 'old one')
  await drain(sync, source)
  await source.call('CONFIG', 'SET', 'requirepass', '')
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differences: [] })
  expect(infoField(source, 'stats', 'sync_full')).toBe('1')
})

test('a data set larger than the stream may take on disk is copied and followed', async () => {
  await using source = await startRedis({ args: ['--rdbcompression', 'no', '--repl-diskless-sync', 'no'] })
  await using target = await startRedis()
  using folder = taskFolder()
  source.cli('DEBUG', 'POPULATE', '1200', 'filler', '20000')
  await using sync = startSync({
    task: 'larger',
    source: connectionTo(source),
    target: connectionTo(target),
    folder: folder.path,
    spoolQuotaBytes: 16 * 1024 * 1024,
  })
  await sync.until(({ phase }) => phase === 'in-step')
  expect(sync.progress!.snapshotTotal).toBeGreaterThan(20_000_000)
  await source.call('SET', 'after', '1')
  await drain(sync, source)
  expect(await compareAll(source, target)).toMatchObject({ equal: true, differences: [] })
}, 180_000)

test('a wrong password is said at once', async () => {
  await using source = await startRedis({ password: 'right' })
  await using target = await startRedis()
  using folder = taskFolder()
  await using sync = startSync({
    task: 'wrong',
    source: connectionTo(source, 'wrong'),
    target: connectionTo(target),
    folder: folder.path,
  })
  await expect(sync.done).rejects.toThrow()
  expect(sync.failure?.code).toBe('auth.wrong-password')
  expect(JSON.stringify([sync.failure, sync.progress])).not.toContain('"wrong"')
})
