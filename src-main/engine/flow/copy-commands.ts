import { bigValueCommands } from '../plan/big-value-commands.ts'
import { makeConversion } from '../plan/conversion.ts'
import type { BigValueOptions, CommandSink } from '../rdb/big-value.ts'
import { valueSteps } from '../rdb/big-value.ts'
import { downConvert } from '../rdb/down-convert.ts'
import { isExpiringHash, kindOf, type as rdbType, valkeyHash2 } from '../rdb/opcodes.ts'
import { MemoryFeed, run } from '../rdb/steps.ts'
import { makePayload, oldestPayloadVersion } from '../rdb/writer.ts'
import type { Capabilities } from '../redis/capabilities.ts'
import type { Argument } from '../resp/encode.ts'
import type { TargetLook } from '../target/look.ts'
import type { ExactCopy } from './exact-copy.ts'

/** Behind the value, DUMP puts two bytes of RDB version and eight of checksum (`rio.c`, `createDumpPayload`). */
const footerBytes = 10
/** Nothing is expired that the guard keeps: fields stay until their source deletes them. */
export const dropNoField = 0

type Commands = readonly (readonly Argument[])[]

interface Target {
  readonly look: Pick<TargetLook, 'versionNumber'>
  readonly capabilities: Capabilities
  /** Expiries of fields are written so much later. */
  readonly fieldExpiryShiftMs: number
}

/**
 * The commands that make a copied value the key's, over whatever is there: as it is where the target reads it, else in
 * an older form, or with commands. Null where the target cannot hold it: then the key goes. `expireAt`: the time to
 * write, null for none.
 */
export async function copyCommands(
  { key, payload, flavour }: ExactCopy,
  expireAt: number | null,
  { look, capabilities, fieldExpiryShiftMs }: Target,
): Promise<Commands | null> {
  if (payload === null) return [['DEL', key]]
  const code = payload[0]!
  const end = payload.length - footerBytes
  const expire: Commands = expireAt === null ? [] : [['PEXPIREAT', key, expireAt]]
  const inCommands = async (): Promise<Commands> => [
    ['DEL', key],
    ...(await valueCommands(
      { code, bytes: payload, end, flavour, key },
      {
        ...bigValueCommands(look, capabilities),
        dropFieldsExpiredBy: dropNoField,
        fieldExpiryShiftMs,
      },
    )),
    ...expire,
  ]
  // Expiries of fields stand in the value, and are to be shifted.
  if (isExpiringHash(code) || (code === valkeyHash2 && flavour === 'valkey')) return await inCommands()
  const conversion = makeConversion(Object.values(rdbType), flavour, capabilities, dropNoField)
  let restored: Buffer
  if (conversion === null || conversion.needed[code] !== 1 || kindOf(code) === 'module')
    // The version is an upper bound only: a server refuses those above its own, and goes by the type.
    restored =
      kindOf(code) === 'module' ? payload : makePayload(code, payload.subarray(1, end), oldestPayloadVersion)
  else {
    const converted = downConvert(code, payload, 1, end, flavour, conversion.options)
    if (converted.as === 'nothing') return null
    if (converted.as === 'expired') return [['DEL', key]]
    if (converted.as === 'commands') return await inCommands()
    restored = makePayload(converted.type, converted.value, oldestPayloadVersion)
  }
  if (!capabilities.replace) return [['DEL', key], ['RESTORE', key, 0, restored], ...expire]
  if (expireAt === null || !capabilities.absoluteTtl)
    return [['RESTORE', key, 0, restored, 'REPLACE'], ...expire]
  return [['RESTORE', key, expireAt, restored, 'REPLACE', 'ABSTTL']]
}

interface Dumped {
  readonly code: number
  readonly bytes: Buffer
  readonly end: number
  readonly flavour: ExactCopy['flavour']
  readonly key: Buffer
}

async function valueCommands(
  { code, bytes, end, flavour, key }: Dumped,
  options: Partial<BigValueOptions>,
): Promise<Commands> {
  const gathered = new Gathered()
  await run(valueSteps(code, new MemoryFeed(bytes, 1, end), flavour, key, gathered, options))
  return gathered.commands
}

class Gathered implements CommandSink {
  readonly commands: Argument[][] = []

  send(args: readonly Uint8Array[]): void {
    this.commands.push(args.map((arg) => Buffer.from(arg)))
  }

  async sendLong(
    args: readonly Uint8Array[],
    _length: number,
    pieces: (write: (piece: Uint8Array) => void | Promise<void>) => Promise<void>,
  ): Promise<void> {
    const parts: Buffer[] = []
    await pieces((piece) => void parts.push(Buffer.from(piece)))
    this.commands.push([...args.map((arg) => Buffer.from(arg)), Buffer.concat(parts)])
  }
}
