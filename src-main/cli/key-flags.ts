import type { Command } from 'commander'
import type { RestoreRequest } from '#contract/restore.ts'
import type { KeyKind, SlotRange, TtlRule } from '#contract/selection.ts'
import {
  databases,
  dbMap,
  dbPrefix,
  gather,
  keyKindList,
  slotRanges,
  ttlRule,
  wholeNumber,
} from './option-values.ts'

/** Which keys of a backup go along, where to, what they are called and how long they live. */
export interface KeyFlags {
  readonly db?: readonly number[]
  readonly type?: readonly KeyKind[]
  readonly excludeType?: readonly KeyKind[]
  readonly slots?: readonly SlotRange[]
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly targetDb?: number
  readonly dbMap?: Readonly<Record<string, number>>
  readonly stripPrefix?: string
  readonly addPrefix?: string
  readonly dbPrefix?: Readonly<Record<string, string>>
  readonly ttl?: TtlRule
}

const kinds = 'string, list, set, zset, hash, stream or module'

export function addKeyFlags(command: Command): Command {
  return command
    .option('--include <glob>', 'only keys that match, as in KEYS; may be repeated', gather)
    .option('--exclude <glob>', 'no keys that match; may be repeated', gather)
    .option('--db <number>', 'only keys of this database of the file; may be repeated', databases)
    .option('--type <type>', `only keys of this type (${kinds}); may be repeated`, keyKindList)
    .option('--exclude-type <type>', 'no keys of this type; may be repeated', keyKindList)
    .option('--slots <from-to>', 'only keys of these cluster slots; may be repeated', slotRanges)
    .option('--target-db <number>', 'everything into this one database', wholeNumber(0, 65535))
    .option('--db-map <from:to>', 'a database of the file into another one; may be repeated', dbMap)
    .option('--strip-prefix <text>', 'take this away from names that begin with it')
    .option('--add-prefix <text>', 'put this before every name')
    .option(
      '--db-prefix <db:text>',
      'put this before the names of one database of the file; may be repeated',
      dbPrefix,
    )
    .option(
      '--ttl <rule>',
      'of keys that expire: keep their time; none; set:TIME from now; extend:TIME later (seconds, or 90m, 12h, 7d)',
      ttlRule,
    )
}

/** `urlDb`: the database that the target's address names. */
export function keyFields(
  flags: KeyFlags,
  urlDb: number | undefined,
): Omit<RestoreRequest, 'files' | 'target'> {
  const { db, type, excludeType, slots, include, exclude, dbMap: map, ...renaming } = flags
  const targetDb = flags.targetDb ?? (map === undefined ? urlDb : undefined)
  const { stripPrefix, addPrefix, dbPrefix: prefixes, ttl } = renaming
  return {
    include: [...(include ?? [])],
    exclude: [...(exclude ?? [])],
    ...(db === undefined ? {} : { dbs: [...db] }),
    ...(type === undefined ? {} : { types: [...type] }),
    ...(excludeType === undefined ? {} : { excludeTypes: [...excludeType] }),
    ...(slots === undefined ? {} : { slots: [...slots] }),
    ...(targetDb === undefined ? {} : { targetDb }),
    ...(map === undefined ? {} : { dbMap: map }),
    ...(stripPrefix === undefined ? {} : { stripPrefix }),
    ...(addPrefix === undefined ? {} : { addPrefix }),
    ...(prefixes === undefined ? {} : { dbPrefix: prefixes }),
    ...(ttl === undefined ? {} : { ttl }),
  }
}

/** The flag that fills a field of the contract, for complaints about it. */
export function flagOf(field: string): string {
  const names: Readonly<Record<string, string>> = {
    files: 'input',
    dbs: 'db',
    types: 'type',
    excludeTypes: 'exclude-type',
  }
  return `--${names[field] ?? field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
