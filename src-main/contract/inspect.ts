/** What `keyferry inspect` and the file card of the console tell about a backup file. */
export interface FileReport {
  readonly file: string
  readonly bytes: number
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
  /** Bytes after the end of the data set (an AOF tail, or rubbish). */
  readonly trailingBytes: number
}
