/** Commands whose first key alone is written; the others are read. */
export const readsTheRest: ReadonlySet<string> = new Set(
  `PFMERGE SINTERSTORE SUNIONSTORE SDIFFSTORE BITOP ZUNIONSTORE ZINTERSTORE ZDIFFSTORE ZRANGESTORE
   GEOSEARCHSTORE`
    .trim()
    .split(/\s+/),
)

/** Those whose first key is read and whose last is written. */
export const writesTheLast: ReadonlySet<string> = new Set(['COPY', 'SORT', 'GEORADIUS', 'GEORADIUSBYMEMBER'])

/** Arguments that go with each key of a command that does the same to each of them. */
export const argumentsAKey: Readonly<Record<string, number>> = { DEL: 1, UNLINK: 1, MSET: 2, MSETNX: 2 }
