import { ByteWriter } from '../bytes/byte-writer.ts'
import { encodeCommand } from '../resp/encode.ts'
import { valueSteps, type BigValueOptions, type CommandSink } from './big-value.ts'
import { kindOf, type RdbFlavour } from './opcodes.ts'
import { MemoryFeed, runNow } from './steps.ts'

/** Commands ready to be sent, one behind the other. */
export interface ReadyCommands {
  readonly bytes: Uint8Array
  readonly count: number
}

/** Whether the key may have another value, or will expire. */
export interface KeyState {
  readonly exists: boolean
  /** Absolute milliseconds, or -1. */
  readonly expireAt: number
}

/** Commands of more bytes are better sent as they are made. */
const readyBytesAtMost = 64 * 1024

/**
 * The commands that make the value bytes[start, end) the value of `key`, all of them at once; null for what they
 * would grow too large for, and for streams. @throws as `streamBigValue`
 */
export function valueCommands(
  code: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  flavour: RdbFlavour,
  key: Uint8Array,
  options: Partial<BigValueOptions>,
  { exists, expireAt }: KeyState,
): ReadyCommands | null {
  const kind = kindOf(code)
  if (kind === 'stream' || end - start > readyBytesAtMost) return null
  const gathered = new Gathered()
  try {
    // SET writes over anything.
    if (exists && kind !== 'string') gathered.add(encodeCommand(['DEL', key]))
    runNow(valueSteps(code, new MemoryFeed(bytes, start, end), flavour, key, gathered, options))
    if (expireAt >= 0) gathered.add(encodeCommand(expireCommand(key, expireAt, options)))
  } catch (thrown) {
    if (thrown instanceof TooLarge) return null
    throw thrown
  }
  return { bytes: gathered.writer.written(), count: gathered.count }
}

/** In whole seconds, where a server knows no others, a key may live a little longer, never shorter. */
export function expireCommand(
  key: Uint8Array,
  expireAt: number,
  { expiryMilliseconds }: Partial<BigValueOptions>,
): readonly (string | number | Uint8Array)[] {
  return expiryMilliseconds === false
    ? ['EXPIREAT', key, Math.ceil(expireAt / 1000)]
    : ['PEXPIREAT', key, expireAt]
}

class TooLarge extends Error {}

class Gathered implements CommandSink {
  readonly writer = new ByteWriter(512)
  count = 0

  add(command: Uint8Array): void {
    this.writer.bytes(command)
    this.count += 1
    if (this.writer.length > readyBytesAtMost) throw new TooLarge()
  }

  send(args: readonly Uint8Array[]): void {
    this.add(encodeCommand(args))
  }

  sendLong(): Promise<void> {
    throw new TooLarge()
  }
}
