/**
 * Names and numbers of the RDB format, as in `rdb.h` of Redis (1.2 … 8.x) and Valkey (7.2 … 9.x), without
 * their RDB_TYPE_ and RDB_OPCODE_ prefixes.
 */

/** What a client calls the type of a value. */
export type ValueKind = 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream' | 'module'

export const type = {
  STRING: 0,
  LIST: 1,
  SET: 2,
  ZSET: 3,
  HASH: 4,
  ZSET_2: 5,
  MODULE_PRE_GA: 6,
  MODULE_2: 7,
  HASH_ZIPMAP: 9,
  LIST_ZIPLIST: 10,
  SET_INTSET: 11,
  ZSET_ZIPLIST: 12,
  HASH_ZIPLIST: 13,
  LIST_QUICKLIST: 14,
  STREAM_LISTPACKS: 15,
  HASH_LISTPACK: 16,
  ZSET_LISTPACK: 17,
  LIST_QUICKLIST_2: 18,
  STREAM_LISTPACKS_2: 19,
  SET_LISTPACK: 20,
  STREAM_LISTPACKS_3: 21,
  /** Redis 7.4 before its release. In a Valkey 9 file the same number is `HASH_2`: the magic decides. */
  HASH_METADATA_PRE_GA: 22,
  HASH_LISTPACK_EX_PRE_GA: 23,
  HASH_METADATA: 24,
  HASH_LISTPACK_EX: 25,
} as const

/** Valkey 9: a hash whose fields carry an expiry. Same number as Redis's HASH_METADATA_PRE_GA. */
export const valkeyHash2 = 22

export const opcode = {
  /** Valkey 9: a slot import under way. */
  SLOT_IMPORT: 243,
  /** Redis 7.0 … 8.x in cluster mode. */
  SLOT_INFO: 244,
  FUNCTION2: 245,
  FUNCTION_PRE_GA: 246,
  MODULE_AUX: 247,
  IDLE: 248,
  FREQ: 249,
  AUX: 250,
  RESIZEDB: 251,
  EXPIRETIME_MS: 252,
  EXPIRETIME: 253,
  SELECTDB: 254,
  EOF: 255,
} as const

/** Hashes of which some field expires: no other type has any, and these are written only where one does. */
export function isExpiringHash(code: number): boolean {
  return code >= type.HASH_METADATA_PRE_GA && code <= type.HASH_LISTPACK_EX
}

const kindOfType: readonly (ValueKind | undefined)[] = [
  'string',
  'list',
  'set',
  'zset',
  'hash',
  'zset',
  'module',
  'module',
  undefined,
  'hash',
  'list',
  'set',
  'zset',
  'hash',
  'list',
  'stream',
  'hash',
  'zset',
  'list',
  'stream',
  'set',
  'stream',
  'hash',
  'hash',
  'hash',
  'hash',
]

/** The kind of a type code; undefined where no server ever wrote that code. */
export function kindOf(code: number): ValueKind | undefined {
  return kindOfType[code]
}

const typeNames = new Map<number, string>(Object.entries(type).map(([name, code]) => [code, name]))
const opcodeNames = new Map<number, string>(Object.entries(opcode).map(([name, code]) => [code, name]))

/** The name of a type code in a file of this flavour. */
export function typeName(code: number, flavour: RdbFlavour): string {
  if (code === valkeyHash2 && flavour === 'valkey') return 'HASH_2'
  return typeNames.get(code) ?? `TYPE_${code}`
}

export function opcodeName(code: number): string {
  return opcodeNames.get(code) ?? `OPCODE_${code}`
}

/** Which magic a file begins with: `REDIS` and four digits, or `VALKEY` and three. */
export type RdbFlavour = 'redis' | 'valkey'

export interface RdbHeader {
  readonly flavour: RdbFlavour
  readonly version: number
}

/** Versions we know: Redis 1 … 12 (`RDB_VERSION`), Valkey 80 (`VALKEY080`; 12 … 79 are foreign to it). */
export function isKnownVersion({ flavour, version }: RdbHeader): boolean {
  return flavour === 'redis' ? version >= 1 && version <= 12 : version === 80
}
