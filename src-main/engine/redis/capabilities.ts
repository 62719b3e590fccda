import { randomBytes } from 'node:crypto'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { encodeIntset } from '../rdb/intset.ts'
import { encodeListpack } from '../rdb/listpack.ts'
import { type, valkeyHash2 } from '../rdb/opcodes.ts'
import { encodeQuicklist } from '../rdb/quicklist.ts'
import { writeString } from '../rdb/string.ts'
import { makePayload, oldestPayloadVersion } from '../rdb/writer.ts'
import { encodeZiplist } from '../rdb/ziplist.ts'
import { encodeZipmap } from '../rdb/zipmap.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand, type Argument } from '../resp/encode.ts'
import type { Link } from '../resp/link.ts'
import { classifyReplyError } from './reply-errors.ts'

/** What a server was seen to take. Plain data. */
export interface Capabilities {
  /** RDB type codes that RESTORE takes; of `valkeyHash2` Valkey's meaning. Empty where there is no RESTORE. */
  readonly restoreTypes: readonly number[]
  /** Options of RESTORE: REPLACE (3.0), ABSTTL (5.0), IDLETIME and FREQ (5.0). */
  readonly replace: boolean
  readonly absoluteTtl: boolean
  readonly access: boolean
  /** FUNCTION (7.0). */
  readonly functions: boolean
  /** XADD and all that belongs to it (5.0). */
  readonly streams: boolean
  /** HPEXPIREAT (Redis 7.4, Valkey 9.0). */
  readonly hashFieldExpiry: boolean
  /** PEXPIREAT (2.6). */
  readonly expiryMilliseconds: boolean
  /** CLIENT KILL ID (2.8.12). */
  readonly clientKillId: boolean
  readonly cluster: boolean
}

/** What to believe of a server that will not be tried: one that is full, read-only, or forbids it. */
export interface Claim {
  /** The Redis version it is, or stands for, as `TargetLook` has it: 7.0 → 700. */
  readonly versionNumber: number
  readonly flavour: string
  /** Its own, of its flavour. */
  readonly version: string
  /** Stands in the names that are tried: `{…}`, for a slot that this node of a cluster has. */
  readonly slotTag?: string
}

/** Should we be cut off in the middle, a sample is gone after so long. */
const sampleTtlMs = 10_000
/** As `keyferry:tmp:…`: ours, and recognisable. */
const keyPrefix = 'keyferry:probe:'

/**
 * Finds out what a server takes by trying: a tiny value of every encoding is restored under a name nobody has
 * and deleted at once, all in one round trip in the database selected. Leaves nothing behind. Where the server
 * does not let itself be tried, its version is believed. Rejects only when the link is lost.
 */
export async function probeCapabilities(link: Link, claim: Claim): Promise<Capabilities> {
  const key = keyPrefix + randomBytes(12).toString('hex') + (claim.slotTag ?? '')
  const samples = makeSamples(Date.now())
  const [text] = samples
  const del = ['DEL', key]
  const restore = (payload: Buffer, ttl: number, ...options: Argument[]): Argument[] => [
    ...['RESTORE', key, ttl],
    ...[payload, ...options],
  ]
  const later = Date.now() + sampleTtlMs
  const trials: readonly (readonly Argument[])[] = [
    ...samples.map(({ payload }) => restore(payload, sampleTtlMs)),
    restore(text!.payload, sampleTtlMs, 'REPLACE'),
    restore(text!.payload, later, 'ABSTTL'),
    restore(text!.payload, sampleTtlMs, 'IDLETIME', 1),
  ]
  const questions: readonly (readonly Argument[])[] = [
    ['FUNCTION', 'LIST', 'LIBRARYNAME', key],
    ['HPEXPIREAT', key, later, 'FIELDS', 1, 'f'],
    ['XLEN', key],
    ['PEXPIREAT', key, later],
    // No connection ever had this number.
    ['CLIENT', 'KILL', 'ID', Number.MAX_SAFE_INTEGER],
    ['INFO', 'cluster'],
  ]
  const commands = [...trials.flatMap((trial) => [trial, del]), ...questions]
  const replies = await link.exchange(
    Buffer.concat(commands.map((command) => encodeCommand(command))),
    commands.length,
  )
  const tried = trials.map((_, index) => replies[index * 2])
  const [functions, hashFieldExpiry, streams, expiryMilliseconds, clientKillId, info] = replies.slice(
    trials.length * 2,
  )
  const believed = believe(claim)
  const [replace, absoluteTtl, access] = tried.slice(samples.length)
  return {
    restoreTypes: samples
      .filter(({ code }, index) => taken(tried[index]) ?? believed.restoreTypes.includes(code))
      .map(({ code }) => code),
    replace: taken(replace) ?? believed.replace,
    absoluteTtl: taken(absoluteTtl) ?? believed.absoluteTtl,
    access: taken(access) ?? believed.access,
    functions: known(functions) ?? believed.functions,
    hashFieldExpiry: known(hashFieldExpiry) ?? believed.hashFieldExpiry,
    streams: known(streams) ?? believed.streams,
    expiryMilliseconds: known(expiryMilliseconds) ?? believed.expiryMilliseconds,
    clientKillId: typeof clientKillId === 'number',
    cluster: Buffer.isBuffer(info) && /^cluster_enabled:1/m.test(info.toString()),
  }
}

/**
 * The same through a proxy, which may hang up on whatever it does not know: with RESTORE and DEL alone, and nothing
 * supposed that was not seen.
 */
export async function probeBehindProxy(link: Link): Promise<Capabilities> {
  const key = keyPrefix + randomBytes(12).toString('hex')
  const restoreTypes: number[] = []
  for (const { code, payload } of makeSamples(Date.now())) {
    if (taken(await link.call(['RESTORE', key, sampleTtlMs, payload])) === true) restoreTypes.push(code)
    await link.call(['DEL', key])
  }
  return {
    restoreTypes,
    replace: false,
    absoluteTtl: false,
    access: false,
    functions: false,
    streams: restoreTypes.includes(type.STREAM_LISTPACKS),
    hashFieldExpiry: false,
    expiryMilliseconds: true,
    clientKillId: false,
    cluster: false,
  }
}

/**
 * Whether a server refuses a module's value that it cannot load. Before 6.2 it ends itself instead, on RESTORE too
 * (`exit(1)` in `rdbLoadObject`, for a type it does not have and for one in a later encoding), so one that does not
 * tell its version is never offered any.
 */
export function refusesModules({ version, versionNumber }: Claim): boolean {
  return version !== '' && versionNumber >= 602
}

/**
 * Which of these values of module types a server can load, by their names: each is restored under a name nobody
 * has and deleted at once. None where trying could end the server. Rejects only when the link is lost.
 */
export async function probeModules(
  link: Link,
  samples: ReadonlyMap<string, Buffer>,
  claim: Claim,
): Promise<ReadonlySet<string>> {
  if (!refusesModules(claim)) return new Set()
  const key = keyPrefix + randomBytes(12).toString('hex') + (claim.slotTag ?? '')
  const loadable = new Set<string>()
  for (const [name, payload] of samples) {
    if (!((await link.call(['RESTORE', key, sampleTtlMs, payload])) instanceof ReplyError)) loadable.add(name)
    await link.call(['DEL', key])
  }
  return loadable
}

/** Whether a trial went through; null where the refusal says nothing of what was tried. */
function taken(reply: Reply | undefined): boolean | null {
  if (!(reply instanceof ReplyError)) return true
  const { code } = classifyReplyError(reply.text, {})
  // `Bad data format`, `DUMP payload version or checksum are wrong`, `syntax error`, `wrong number of arguments`.
  return code === 'server.refused' || code === 'server.unknown-command' ? false : null
}

function known(reply: Reply | undefined): boolean | null {
  if (!(reply instanceof ReplyError)) return true
  return classifyReplyError(reply.text, {}).code === 'server.unknown-command' ? false : null
}

/** The version from which each type is read (Redis's own; Valkey 9's hash apart). */
const typesSince: readonly (readonly [since: number, codes: readonly number[]])[] = [
  [
    206,
    [
      ...[type.STRING, type.LIST, type.SET, type.ZSET, type.HASH, type.HASH_ZIPMAP, type.LIST_ZIPLIST],
      ...[type.SET_INTSET, type.ZSET_ZIPLIST, type.HASH_ZIPLIST],
    ],
  ],
  [302, [type.LIST_QUICKLIST]],
  [400, [type.ZSET_2]],
  [500, [type.STREAM_LISTPACKS]],
  [700, [type.HASH_LISTPACK, type.ZSET_LISTPACK, type.LIST_QUICKLIST_2, type.STREAM_LISTPACKS_2]],
  [702, [type.SET_LISTPACK, type.STREAM_LISTPACKS_3]],
  [704, [type.HASH_METADATA, type.HASH_LISTPACK_EX]],
]

/** What a server of this version takes, as far as versions tell. Nothing is asked. */
export function believe({
  versionNumber,
  flavour,
  version,
}: Claim): Omit<Capabilities, 'clientKillId' | 'cluster'> {
  // Valkey stands for Redis 7.2 but has had expiring fields since its own 9.0.
  const isValkey9 = flavour === 'valkey' && Number.parseInt(version, 10) >= 9
  const types = typesSince.flatMap(([since, codes]) => (versionNumber >= since ? codes : []))
  return {
    restoreTypes: isValkey9 ? [...types, valkeyHash2] : types,
    replace: versionNumber >= 300,
    absoluteTtl: versionNumber >= 500,
    access: versionNumber >= 500,
    functions: versionNumber >= 700,
    hashFieldExpiry: versionNumber >= 704 || isValkey9,
    streams: versionNumber >= 500,
    expiryMilliseconds: versionNumber >= 206,
  }
}

interface Sample {
  readonly code: number
  readonly payload: Buffer
}

/** One tiny payload of every type, a plain string first. A module's value only its module could read. */
function makeSamples(now: number): readonly Sample[] {
  const texts = (...all: string[]): Buffer[] => all.map((text) => Buffer.from(text))
  const strings = (...all: string[]): Buffer =>
    value((into) => texts(...all).forEach((text) => writeString(into, text)))
  const plain = (count: number, ...rest: Uint8Array[]): Buffer =>
    Buffer.concat([Buffer.from([count]), ...rest])
  const packed = (structure: Uint8Array): Buffer => value((into) => writeString(into, structure))
  const one = Buffer.alloc(8)
  one.writeDoubleLE(1)
  const later = Buffer.alloc(8)
  later.writeBigInt64LE(BigInt(now + sampleTtlMs))
  const zeros = (count: number): Buffer => Buffer.alloc(count)
  const oldest: readonly (readonly [number, Buffer])[] = [
    [type.STRING, strings('v')],
    [type.LIST, plain(1, strings('v'))],
    [type.SET, plain(1, strings('v'))],
    [type.ZSET, plain(1, strings('m', '1'))],
    [type.HASH, plain(1, strings('f', 'v'))],
    [type.ZSET_2, plain(1, strings('m'), one)],
    [type.HASH_ZIPMAP, packed(encodeZipmap(texts('f', 'v')))],
    [type.LIST_ZIPLIST, packed(encodeZiplist(texts('v')))],
    [type.SET_INTSET, packed(encodeIntset([1]))],
    [type.ZSET_ZIPLIST, packed(encodeZiplist(texts('m', '1')))],
    [type.HASH_ZIPLIST, packed(encodeZiplist(texts('f', 'v')))],
    [type.LIST_QUICKLIST, encodeQuicklist(1, texts('v'))],
    // No nodes, no entries, no groups: nothing but zeros.
    [type.STREAM_LISTPACKS, zeros(5)],
    [type.HASH_LISTPACK, packed(encodeListpack(texts('f', 'v')))],
    [type.ZSET_LISTPACK, packed(encodeListpack(texts('m', '1')))],
    [type.LIST_QUICKLIST_2, encodeQuicklist(2, texts('v'))],
    [type.STREAM_LISTPACKS_2, zeros(10)],
    [type.SET_LISTPACK, packed(encodeListpack(texts('v')))],
    [type.STREAM_LISTPACKS_3, zeros(10)],
  ]
  const expiring = encodeListpack(texts('f', 'v', String(now + sampleTtlMs)))
  // From here on the version tells Redis's types from Valkey's: each is sealed with its own.
  const contested: readonly (readonly [number, Buffer, number])[] = [
    [valkeyHash2, plain(1, strings('f', 'v'), later), 80],
    [type.HASH_METADATA, Buffer.concat([later, Buffer.from([1, 1]), strings('f', 'v')]), 12],
    [type.HASH_LISTPACK_EX, Buffer.concat([later, packed(expiring)]), 12],
  ]
  return [...oldest.map(([code, sample]) => [code, sample, oldestPayloadVersion] as const), ...contested].map(
    ([code, sample, version]) => ({ code, payload: makePayload(code, sample, version) }),
  )
}

function value(write: (into: ByteWriter) => void): Buffer {
  const writer = new ByteWriter(64)
  write(writer)
  return writer.written()
}
