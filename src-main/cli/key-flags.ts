import type { Command } from 'commander'
import type { RestoreRequest } from '#contract/restore.ts'
import { fail } from '#contract/failure.ts'
import {
  contradictionOf,
  followedRulesOf,
  hasRules,
  nameMeeting,
  type FollowedRules,
  type KeyKind,
  type SlotRange,
  type TtlRule,
} from '#contract/selection.ts'
import { otherOptions } from './command.ts'
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

/** Which keys go along, where to, and what they are called. */
export interface FollowedKeyFlags {
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
}

/** Of a backup: how long they live, too. */
export interface KeyFlags extends FollowedKeyFlags {
  readonly ttl?: TtlRule
}

const kinds = 'string, list, set, zset, hash, stream or module'

/** `of`: where keys come from, in words. */
export function addFollowedKeyFlags(command: Command, of: 'file' | 'source'): Command {
  return command
    .optionsGroup('Which keys, where to, and what they are called:')
    .option('--include <glob>', 'only keys that match, as in KEYS; may be repeated', gather)
    .option('--exclude <glob>', 'no keys that match; may be repeated', gather)
    .option('--db <number>', `only keys of this database of the ${of}; may be repeated`, databases)
    .option('--type <type>', `only keys of this type (${kinds}); may be repeated`, keyKindList)
    .option('--exclude-type <type>', 'no keys of this type; may be repeated', keyKindList)
    .option('--slots <from-to>', 'only keys of these cluster slots; may be repeated', slotRanges)
    .option('--target-db <number>', 'everything into this one database', wholeNumber(0, 65535))
    .option('--db-map <from:to>', `a database of the ${of} into another one; may be repeated`, dbMap)
    .option('--strip-prefix <text>', 'take this away from names that begin with it')
    .option('--add-prefix <text>', 'put this before every name')
    .option(
      '--db-prefix <db:text>',
      `put this before the names of one database of the ${of}; may be repeated`,
      dbPrefix,
    )
    .optionsGroup(otherOptions)
}

export function addKeyFlags(command: Command): Command {
  return addFollowedKeyFlags(command, 'file').option(
    '--ttl <rule>',
    'of keys that expire: keep their time; none; set:TIME from now; extend:TIME later (seconds, or 90m, 12h, 7d)',
    ttlRule,
  )
}

/** `urlDb`: the database that the target's address names. */
export function keyFields(
  flags: KeyFlags,
  urlDb: number | undefined,
): FollowedRules & Pick<RestoreRequest, 'ttl'> {
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

/** Of a source that is followed; undefined where everything goes along as it is. Fails with `usage.invalid`. */
export function followedRules(flags: FollowedKeyFlags): FollowedRules | undefined {
  const rules = followedRulesOf(keyFields(flags, undefined))
  const found = contradictionOf(rules) ?? nameMeeting(rules)
  if (found !== null) fail('usage.invalid', { field: flagOf(found.field), reason: found.reason })
  return hasRules(rules) ? rules : undefined
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
