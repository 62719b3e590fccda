import { escapeKey } from '#contract/escape-key.ts'
import type { TtlRule } from '#contract/selection.ts'
import type { BigEntry, EntryBatch } from '../flow/entry.ts'
import { moduleIdOf, moduleTypeName } from '../rdb/module.ts'
import { isExpiringHash, kindOf, opcode, type } from '../rdb/opcodes.ts'
import { makePayload, oldestPayloadVersion } from '../rdb/writer.ts'
import { expiryByRule } from './ttl-rule.ts'

/** So many keys or libraries, and some of their names. */
export interface Tally {
  count: number
  readonly examples: string[]
}

/** Values of one module type. */
export interface ModuleTally extends Tally {
  /** One of them as it would be restored, to try a server with; null where all are too large to be held. */
  sample: Buffer | null
}

const examplesKept = 5
/** A module's value up to so many bytes is kept to try a target with. */
const sampleBytes = 1024 * 1024

/** What not every server can hold, counted while a file is read for the first time. */
export class Demands {
  readonly functions = makeTally()
  /** Of 7.0 before its release: no server since loads them. */
  readonly oldFunctions = makeTally()
  readonly modules = new Map<string, ModuleTally>()
  /** Too large for RESTORE. */
  readonly largeModules = makeTally()
  readonly expiringHashes = makeTally()
  readonly streams = makeTally()
  /** Too large for RESTORE. */
  readonly bigStreams = makeTally()
  /** Of version 2 (7.0) or later. */
  readonly streamsSince7 = makeTally()
  /** Of version 3 (7.2), but not too large. */
  readonly streamsSince72 = makeTally()
  /** Keys with an idle time or frequency, and those too large for RESTORE. */
  readonly access = makeTally()
  readonly bigAccess = makeTally()
  readonly expiryMilliseconds = makeTally()
  readonly moduleData = makeTally()
  readonly #ttl: TtlRule
  readonly #now: number

  /** Keys whose time, by this rule, is not after `now` (milliseconds since the epoch) ask for nothing. */
  constructor(ttl: TtlRule, now: number) {
    this.#ttl = ttl
    this.#now = now
  }

  /** A key of a batch that goes along. */
  key(batch: EntryBatch, index: number): void {
    const expireAt = batch.expireAt[index]!
    if (expireAt >= 0 && this.#hasExpired(expireAt)) return
    const code = batch.type[index]!
    if (code === type.MODULE_2) this.#module(batch, index)
    else if (isDemanding[code] === 1) this.#note(code, batch.key(index), false)
    if (batch.frequency[index]! >= 0 || batch.idle[index]! >= 0) add(this.access, batch.key(index))
    if (expireAt >= 0 && expireAt % 1000 !== 0) add(this.expiryMilliseconds, batch.key(index))
  }

  /** A key that goes along, too large for a window. */
  big(entry: BigEntry): void {
    const { type: code, key, frequency, idle, expireAt } = entry
    if (expireAt >= 0 && this.#hasExpired(expireAt)) return
    if (code === type.MODULE_2) add(this.largeModules, key)
    else if (isDemanding[code] === 1) this.#note(code, key, true)
    if (frequency >= 0 || idle >= 0) add(this.bigAccess, key)
    if (expireAt >= 0 && expireAt % 1000 !== 0) add(this.expiryMilliseconds, key)
  }

  library(name: string): void {
    add(this.functions, Buffer.from(name))
  }

  /** Any opcode that carries no key. */
  opcode(code: number): void {
    if (code === opcode.MODULE_AUX) this.moduleData.count += 1
    else if (code === opcode.FUNCTION_PRE_GA) this.oldFunctions.count += 1
  }

  #hasExpired(expireAt: number): boolean {
    const at = expiryByRule(this.#ttl, expireAt, this.#now)
    return at >= 0 && at <= this.#now
  }

  #note(code: number, key: Uint8Array, isBig: boolean): void {
    if (isExpiringHash(code)) {
      add(this.expiringHashes, key)
      return
    }
    add(this.streams, key)
    if (code !== type.STREAM_LISTPACKS) add(this.streamsSince7, key)
    if (isBig) add(this.bigStreams, key)
    else if (code === type.STREAM_LISTPACKS_3) add(this.streamsSince72, key)
  }

  #module(batch: EntryBatch, index: number): void {
    const value = batch.buffer.subarray(batch.valueStart[index], batch.valueEnd[index])
    const tally = this.#modulesNamed(moduleTypeName(moduleIdOf(value)))
    if (tally.sample === null && value.length <= sampleBytes)
      tally.sample = makePayload(type.MODULE_2, value, oldestPayloadVersion)
    add(tally, batch.key(index))
  }

  #modulesNamed(name: string): ModuleTally {
    const known = this.modules.get(name)
    if (known !== undefined) return known
    const tally = { ...makeTally(), sample: null }
    this.modules.set(name, tally)
    return tally
  }
}

const isDemanding = new Uint8Array(256)
for (const code of Object.values(type))
  if (kindOf(code) === 'stream' || isExpiringHash(code)) isDemanding[code] = 1

function makeTally(): Tally {
  return { count: 0, examples: [] }
}

function add(tally: Tally, key: Uint8Array): void {
  tally.count += 1
  if (tally.examples.length < examplesKept) tally.examples.push(escapeKey(key))
}
