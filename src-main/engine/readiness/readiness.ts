import { addressOf, type Connection } from '#contract/connection.ts'
import { fail, FailureError } from '#contract/failure.ts'
import {
  mostMonitored,
  type ReadinessProgress,
  type ReadinessReport,
  type ReadinessSpec,
} from '#contract/readiness.ts'
import { paced } from '../flow/pace.ts'
import { allOrNone, findSources } from '../flow/sources.ts'
import { UnitFrame, UnitSplitter, type Unit } from '../flow/units.ts'
import { inspectRdb } from '../rdb/inspect.ts'
import { defaultPrefixes } from '../rdb/prefix-tally.ts'
import { openControl } from '../redis/control.ts'
import { dial } from '../redis/dial.ts'
import { infoNumber, parseInfo } from '../redis/info.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { openAofInput } from '../source/aof-input.ts'
import { greet } from '../source/greeting.ts'
import { handshake } from '../source/handshake.ts'
import { landInput } from '../source/land-input.ts'
import { RdbFile } from '../source/rdb-file.ts'
import { SocketConversation } from '../source/socket-conversation.ts'
import { MonitorFrame, parseMonitorLine } from './monitor.ts'
import { ReadinessTally } from './tally.ts'

const longestLine = 64 * 1024 * 1024

/**
 * Looks at what applications ask, and tells whether a cluster would take it. Fails with `readiness.nothing-seen`,
 * `readiness.no-backlog` (`stream`), and as the input or the server does.
 */
export async function judgeReadiness(
  spec: ReadinessSpec,
  report: (progress: ReadinessProgress) => void,
  signal: AbortSignal,
): Promise<ReadinessReport> {
  const since = performance.now()
  const tally = new ReadinessTally()
  const told = paced((bytesDone: number, bytesTotal: number | null) =>
    report({ units: tally.units, bytesDone, bytesTotal }),
  )
  const servers = spec.from === 'aof' ? [] : await lookAtAll(spec, { tally, told, signal })
  if (spec.from === 'aof') await readFile(spec.input, tally, told, signal)
  if (tally.units === 0)
    fail('readiness.nothing-seen', { from: spec.from === 'aof' ? spec.input : servers.join(', ') })
  const elapsedMs = Math.round(performance.now() - since)
  return { from: spec.from, reads: spec.from === 'monitor', servers, ...tally.told(), elapsedMs }
}

/** Every server at the same time, counted together; the first that fails ends the others. Resolves with their addresses. */
async function lookAtAll(
  { from, sources, seconds }: Exclude<ReadinessSpec, { from: 'aof' }>,
  { tally, told, signal }: Pick<LiveLook, 'tally' | 'told' | 'signal'>,
): Promise<readonly string[]> {
  const found = await findSources(sources, signal)
  const listen = from === 'stream' ? readStream : readMonitor
  const ending = new AbortController()
  const read = found.map(() => 0)
  const looks = found.map(({ connection }, index) => {
    const toldOf: Told = (bytes) => {
      read[index] = bytes
      told(
        read.reduce((sum, one) => sum + one, 0),
        null,
      )
    }
    const either = AbortSignal.any([signal, ending.signal])
    return listen({ source: connection, seconds, tally, told: toldOf, signal: either })
  })
  await allOrNone(looks, ending)
  if (signal.aborted) fail('job.cancelled')
  return found.map(({ connection }) => addressOf(connection))
}

/** A look at a live server, for some seconds. */
interface LiveLook {
  readonly source: Connection
  readonly seconds: number
  readonly tally: ReadinessTally
  readonly told: Told
  readonly signal: AbortSignal
}

const connectionName = 'keyferry:readiness'

type Told = (bytesDone: number, bytesTotal: number | null) => void

function addUnit(tally: ReadinessTally, { commands }: Unit): void {
  const [first] = commands
  if (first === undefined) return
  const what = commands.length > 1 ? 'transaction' : 'command'
  tally.add({ what, db: first.db, commands: commands.map(({ args }) => args) })
}

async function readFile(
  input: string,
  tally: ReadinessTally,
  told: Told,
  signal: AbortSignal,
): Promise<void> {
  await using landed = await landInput(input, {
    signal,
    onProgress: () => undefined,
    onWait: () => undefined,
  })
  await using aof = await openAofInput(landed.path, landed.name)
  // An RDB holds no commands.
  if (aof === null) return
  for (const [index, file] of aof.files.entries()) {
    const from = index === 0 && file.beginsWithRdb ? await behindRdb(file.path, signal) : 0
    const frame = new UnitFrame(0, (offset, reason) =>
      fail('file.corrupt', { file: file.path, offset, reason }),
    )
    const reader = file.reader(from, file.size)
    for await (const batch of reader.batches()) {
      if (signal.aborted) fail('job.cancelled')
      for (const command of batch) {
        const unit = frame.take(command)
        if (unit !== null) addUnit(tally, unit)
      }
      told(file.start + reader.position, aof.size)
    }
  }
}

/** Where the commands begin in a file that begins with an RDB. */
async function behindRdb(path: string, signal: AbortSignal): Promise<number> {
  await using file = await RdbFile.open(path)
  const { trailingBytes } = await inspectRdb(file, defaultPrefixes, () => undefined, signal)
  return file.size - trailingBytes
}

/**
 * Follows on from where the source is now, so that it need make no snapshot: it has to keep a backlog, as it does
 * once it has had a replica.
 */
async function readStream(look: LiveLook): Promise<void> {
  const { source, tally, told, signal } = look
  const address = addressOf(source)
  const info = await readReplication(source, signal)
  const replid = info.get('master_replid')
  const offset = infoNumber(info, 'master_repl_offset')
  if (info.get('repl_backlog_active') !== '1' || replid === undefined || offset === null)
    fail('readiness.no-backlog', { address })
  await talkForAWhile(look, async (talk) => {
    const own = { listeningPort: 0, name: connectionName }
    const answer = await handshake(talk, source, own, { replid, offset })
    if (answer.kind === 'full') fail('readiness.no-backlog', { address })
    const splitter = new UnitSplitter(offset, 0)
    for (let bytes = 0; ;) {
      const { bytes: chunk } = await talk.readChunk()
      for (const unit of splitter.push(chunk)) addUnit(tally, unit)
      told((bytes += chunk.length), null)
    }
  })
}

async function readReplication(
  source: Connection,
  signal: AbortSignal,
): Promise<ReturnType<typeof parseInfo>> {
  await using control = await openControl(source, { signal, name: connectionName })
  return parseInfo(String(await control.call('INFO', 'replication')))
}

async function readMonitor(look: LiveLook): Promise<void> {
  const { source, tally, told } = look
  const address = addressOf(source)
  const frame = new MonitorFrame((whole) => tally.add(whole))
  await talkForAWhile(look, async (talk) => {
    await greet(talk, source, connectionName)
    talk.send(['MONITOR'])
    const answer = await talk.readLine()
    if (answer.startsWith('-'))
      throw new FailureError(classifyReplyError(answer.slice(1), { address, command: 'MONITOR' }))
    let held: Buffer = Buffer.alloc(0)
    for (let bytes = 0; tally.units < mostMonitored;) {
      const { bytes: chunk } = await talk.readChunk()
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      let at = 0
      for (let next = held.indexOf('\r\n'); next >= 0; next = held.indexOf('\r\n', at)) {
        const line = parseMonitorLine(held.subarray(at, next))
        if (line !== null) frame.take(line)
        at = next + 2
      }
      held = held.subarray(at)
      if (held.length > longestLine) fail('connect.not-redis', { address })
      told((bytes += chunk.length), null)
    }
  })
  frame.end()
}

/** Talks to a server until the time, counted from when it is reached, is over: that is no failure. */
async function talkForAWhile(
  { source, seconds, signal }: LiveLook,
  work: (talk: SocketConversation) => Promise<void>,
): Promise<void> {
  const { stream, connection } = await dial(source, { signal })
  const end = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)])
  const cut = (): void => void stream.destroy()
  end.addEventListener('abort', cut, { once: true })
  // Whoever reads from it is told.
  stream.on('error', () => undefined)
  try {
    await work(new SocketConversation(stream, addressOf(connection)))
  } catch (thrown) {
    if (!end.aborted) throw thrown
  } finally {
    end.removeEventListener('abort', cut)
    stream.destroy()
  }
}
