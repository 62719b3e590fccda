import type { Argument } from '../resp/encode.ts'
import type { UnitCommand } from '../flow/units.ts'

/**
 * How far into the future every expiry is put while a copy is followed: 2^45 ms, over a thousand years. An
 * expiry beyond it tells a shifted one, so no ledger is needed. Hash-field expiries may reach 2^46 (t_hash.c).
 */
export const guardMs = 2 ** 45

/**
 * Gives the time to write for an expiry of the source. Both absolute, milliseconds since the epoch; `relative` where
 * the source told how long, and `at` is only as good as the moment of receipt.
 */
export type ExpiryOf = (at: number, db: number, key: Buffer, relative: boolean) => number

/**
 * Rewrites a command that sets an expiry, so that it names the absolute time `expiryOf` gives, on no condition:
 * a condition was met at the source, or the command would not be in its stream, and must not be asked again
 * against shifted times. Null: the command sets no expiry and goes as it came. `receivedAt`: what relative
 * times count from (sources up to 6.2 send them).
 */
export function rewriteExpiry(
  { db, args, shape }: UnitCommand,
  receivedAt: number,
  expiryOf: ExpiryOf,
): readonly Argument[] | null {
  const key = args[1]
  if (shape === null || key === undefined) return null
  const absolute = (unit: Unit, text: Buffer | undefined): number | null => {
    const at = absoluteTime(unit, text, receivedAt)
    return at === null ? null : expiryOf(at, db, key, unit === 'EX' || unit === 'PX')
  }
  switch (shape.name) {
    case 'SET': {
      const option = findOption(args, 3)
      const at = option === null ? null : absolute(option.unit, args[option.place + 1])
      return at === null ? null : ['SET', key, args[2]!, 'PXAT', at]
    }
    case 'SETEX':
    case 'PSETEX': {
      const at = absolute(shape.name === 'SETEX' ? 'EX' : 'PX', args[2])
      return at === null ? null : ['SET', key, args[3]!, 'PXAT', at]
    }
    case 'EXPIRE':
    case 'PEXPIRE':
    case 'EXPIREAT':
    case 'PEXPIREAT': {
      const at = absolute(unitOfVerb[shape.name]!, args[2])
      return at === null ? null : ['PEXPIREAT', key, at]
    }
    case 'GETEX': {
      const option = findOption(args, 2)
      const at = option === null ? null : absolute(option.unit, args[option.place + 1])
      return at === null ? null : ['PEXPIREAT', key, at]
    }
    case 'HEXPIRE':
    case 'HPEXPIRE':
    case 'HEXPIREAT':
    case 'HPEXPIREAT': {
      const fields = findWord(args, 3, 'FIELDS')
      const at = fields < 0 ? null : absolute(unitOfVerb[shape.name]!, args[2])
      return at === null ? null : ['HPEXPIREAT', key, at, ...args.slice(fields)]
    }
    case 'HSETEX':
    case 'HGETEX': {
      const fields = findWord(args, 2, 'FIELDS')
      const option = findOption(args.slice(0, Math.max(fields, 0)), 2)
      const at = option === null ? null : absolute(option.unit, args[option.place + 1])
      return at === null ? null : [shape.name, key, 'PXAT', at, ...args.slice(fields)]
    }
    case 'RESTORE':
    case 'RESTORE-ASKING':
      return rewriteRestore(key, args, (unit, text) => absolute(unit, text))
    default:
      return null
  }
}

/** Those that `rewriteExpiry` may write anew. */
export const namesExpiry: ReadonlySet<string> = new Set(
  `SET SETEX PSETEX EXPIRE PEXPIRE EXPIREAT PEXPIREAT GETEX HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HSETEX HGETEX
   RESTORE RESTORE-ASKING`.split(/\s+/),
)

/** Those that set an expiry of hash fields (Redis 7.4, Valkey 9.0). */
export const fieldExpiryCommands: ReadonlySet<string> = new Set(
  'HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HSETEX HGETEX'.split(' '),
)

/** Does this command set an expiry that `rewriteExpiry` would write anew? */
export function setsExpiry(command: UnitCommand): boolean {
  let found = false
  rewriteExpiry(command, 0, (at) => {
    found = true
    return at
  })
  return found
}

type Unit = 'EX' | 'PX' | 'EXAT' | 'PXAT'

const unitOfVerb: Readonly<Record<string, Unit>> = {
  EXPIRE: 'EX',
  PEXPIRE: 'PX',
  EXPIREAT: 'EXAT',
  PEXPIREAT: 'PXAT',
  HEXPIRE: 'EX',
  HPEXPIRE: 'PX',
  HEXPIREAT: 'EXAT',
  HPEXPIREAT: 'PXAT',
}

/**
 * RESTORE key ttl payload [options]: relative unless ABSTTL is among them; 0 is no expiry. RESTORE-ASKING is that of a key
 * which comes from another master of a cluster: where that one's DEL is still to come, it is there already.
 */
function rewriteRestore(
  key: Buffer,
  args: readonly Buffer[],
  absolute: (unit: Unit, text: Buffer | undefined) => number | null,
): readonly Argument[] | null {
  const given = args.slice(4)
  const has = (option: string): boolean => given.some((one) => word(one) === option)
  const isAbsolute = has('ABSTTL')
  const isPlain = args[0]!.length === 'RESTORE'.length
  const options: readonly Argument[] = isPlain || has('REPLACE') ? given : [...given, 'REPLACE']
  if (Number(args[2]?.toString('latin1')) === 0)
    return isPlain ? null : ['RESTORE', ...args.slice(1, 4), ...options]
  const at = absolute(isAbsolute ? 'PXAT' : 'PX', args[2])
  if (at === null) return null
  return ['RESTORE', key, at, args[3]!, ...options, ...(isAbsolute ? [] : ['ABSTTL'])]
}

function findOption(args: readonly Buffer[], from: number): { unit: Unit; place: number } | null {
  for (let place = from; place < args.length - 1; place += 1) {
    const text = word(args[place]!)
    if (text === 'EX' || text === 'PX' || text === 'EXAT' || text === 'PXAT') return { unit: text, place }
  }
  return null
}

function findWord(args: readonly Buffer[], from: number, wanted: string): number {
  return args.findIndex((arg, place) => place >= from && word(arg) === wanted)
}

function word(arg: Buffer): string {
  return arg.length > 16 ? '' : arg.toString('latin1').toUpperCase()
}

/** Null where the text is no time: the server refused it as well, or will. */
function absoluteTime(unit: Unit, text: Buffer | undefined, receivedAt: number): number | null {
  if (text === undefined || text.length > 20) return null
  const value = Number(text.toString('latin1'))
  if (!Number.isSafeInteger(value)) return null
  switch (unit) {
    case 'EX':
      return receivedAt + value * 1000
    case 'PX':
      return receivedAt + value
    case 'EXAT':
      return value * 1000
    case 'PXAT':
      return value
  }
}
