/** How many keys there are of a kind, what they take in the file, and about what on a server. */
export interface Sizes {
  readonly keys: number
  readonly bytes: number
  readonly memoryBytes: number
}

/** Keys whose names begin alike. */
export interface PrefixRow extends Sizes {
  /** Up to and with its last separator, escaped by `escapeKey`; empty for keys without one. */
  readonly prefix: string
}

export interface PrefixReport {
  readonly separator: string
  readonly depth: number
  /** The largest in memory first, at most 20. */
  readonly rows: readonly PrefixRow[]
  /** All the rest together. */
  readonly others: Sizes
  /** False where there were so many prefixes that some had to be forgotten: a row may then tell too little. */
  readonly exact: boolean
}

/** The commands of an append-only file. */
export interface AofReport {
  /** In the order they are loaded. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
  /** What a rewrite has replaced: not loaded. */
  readonly history: readonly string[]
  readonly commands: number
  /** Bytes of them. */
  readonly bytes: number
  /** The most frequent first. */
  readonly byName: readonly { readonly name: string; readonly count: number }[]
  /** Of these, those that Keyferry knows nothing of. */
  readonly unknown: readonly string[]
  /** Databases they write to. */
  readonly dbs: readonly number[]
  /** About so many keys are written to. */
  readonly keys: number
  /** The times noted beside them, milliseconds since the epoch; null where there are none. */
  readonly times: { readonly first: number; readonly last: number } | null
  /** Where the last file ends inside a command or transaction: what a server leaves away. */
  readonly cutOff: {
    readonly file: string
    readonly offset: number
    readonly bytes: number
    readonly inTransaction: boolean
  } | null
}

/**
 * What `keyferry inspect` and the file card of the console tell about a backup file. Of an append-only file all but
 * `aof` is about the RDB it begins with; where it begins with none, `rdbVersion` is 0 and nothing is counted.
 */
export interface FileReport {
  readonly file: string
  /** Of all its files. */
  readonly bytes: number
  /** Null for an RDB file. */
  readonly aof: AofReport | null
  readonly flavour: 'redis' | 'valkey'
  readonly rdbVersion: number
  /** `ok`, `absent` (RDB below 5 has none), `disabled` (zero, as with `rdbchecksum no`). */
  readonly checksum: 'ok' | 'absent' | 'disabled'
  /** AUX fields in file order: redis-ver, redis-bits, ctime, used-mem, repl-id … */
  readonly aux: readonly { readonly name: string; readonly value: string }[]
  readonly keys: number
  readonly expiring: number
  readonly functions: number
  readonly dbs: readonly { readonly db: number; readonly keys: number; readonly expiring: number }[]
  /** By the RDB type code, named as in rdb.h without the prefix: `STRING`, `HASH_LISTPACK`, … */
  readonly types: readonly {
    readonly code: number
    readonly name: string
    /** The type a client sees: string, list, set, zset, hash, stream, module. */
    readonly kind: string
    readonly keys: number
    readonly bytes: number
  }[]
  /** Opcodes met besides SELECTDB, EOF, AUX and RESIZEDB: FUNCTION2, MODULE_AUX, FREQ, IDLE, SLOT_INFO, EXPIRETIME … */
  readonly opcodes: readonly { readonly name: string; readonly count: number }[]
  readonly modules: readonly string[]
  /** The largest values by their size in the file, largest first, at most 20. */
  readonly biggest: readonly {
    readonly db: number
    readonly key: string
    readonly kind: string
    readonly bytes: number
  }[]
  readonly prefixes: PrefixReport
  /** About what the data set takes on a server, beside what an empty one does. */
  readonly memoryBytes: number
  /** Bytes after the end of the data set (an AOF tail, or rubbish). */
  readonly trailingBytes: number
}
