import { escapeKey } from '#contract/escape-key.ts'
import { makeFailure, type FailureCode } from '#contract/failure.ts'
import type { ConflictPolicy, KeyExample } from '#contract/restore.ts'
import { libraryName } from '../rdb/function-library.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { CommandParser } from '../resp/command-parser.ts'
import type { Block } from '../target/block.ts'
import type { Target } from '../target/target.ts'
import type { Counts } from './ledger.ts'

/** At most so many keys are named as examples. */
const examplesKept = 20

/** States of the target that pass, or that a person must end: every further command would meet them too. */
const stopping: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'target.out-of-memory',
  'target.loading',
  'target.read-only',
  'target.cannot-persist',
  'target.no-replicas',
  'target.cluster',
  'target.cluster-down',
  'target.slot-moving',
  'target.db-out-of-range',
  'server.busy',
  'auth.required',
  'auth.no-permission',
])

export interface NamedKey {
  readonly db: number
  readonly key: Uint8Array
}

/**
 * Judges what a target refuses: states that end an attempt, keys it has already, values it cannot take. Moves
 * them in the counts from written to what became of them, and keeps some as examples.
 */
export class Refusals {
  readonly examples: KeyExample[] = []
  readonly #address: string
  readonly #onConflict: ConflictPolicy

  constructor({ address, onConflict }: { readonly address: string; readonly onConflict: ConflictPolicy }) {
    this.#address = address
    this.#onConflict = onConflict
  }

  /** All refusals of a block whose replies are in. The target may be given up with it: see its `failure`. */
  judge(target: Target, block: Block, counts: Counts): void {
    let sent: SentCommands | null = null
    for (const refusal of block.refusals) {
      const code = this.abandonIfStopping(target, refusal.text)
      if (target.failure !== null) return
      // Millions of keys may be there already; once there are examples enough, one more is only counted. (A
      // function library has a stretch of its own, and is counted as such.)
      const enough = this.examples.length >= examplesKept && counts.functions === 0
      if (this.#onConflict === 'skip' && enough && code === 'target.not-empty') {
        counts.written -= 1
        counts.skipped += 1
        continue
      }
      sent ??= new SentCommands(block)
      const { db, args } = sent.at(refusal.command)
      const name = args[0]?.toString()
      if (name === 'SELECT') {
        // What follows it in the block went into another database.
        target.abandon(makeFailure(code, { address: this.#address, reply: refusal.text }))
        return
      }
      if (name === 'FUNCTION') {
        this.#judgeFunction(target, counts, code, args)
        continue
      }
      const keys = args.slice(1).filter((_, index) => (name === 'MSET' ? index % 2 === 0 : index === 0))
      const named = keys.map((key) => ({ db, key }))
      if (code === 'target.not-empty') this.conflict(target, counts, named)
      else this.refused(counts, named)
    }
  }

  /** Gives the target up where a refusal tells of a state that every further command would meet. Gives its code. */
  abandonIfStopping(target: Target, text: string): FailureCode {
    const failure = classifyReplyError(text, { address: this.#address })
    if (stopping.has(failure.code)) target.abandon(failure)
    return failure.code
  }

  /** Keys that the target has: left as they are under `skip`; under `fail` somebody has written them meanwhile. */
  conflict(target: Target, counts: Counts, keys: readonly NamedKey[]): void {
    if (this.#onConflict !== 'skip') {
      target.abandon(
        makeFailure('target.not-empty', {
          address: this.#address,
          keys: keys.length,
          examples: keys.map(({ key }) => escapeKey(key)).join(', '),
        }),
      )
      return
    }
    counts.written -= keys.length
    counts.skipped += keys.length
    this.example(keys, 'target.not-empty')
  }

  /** Values that the target cannot take. */
  refused(counts: Counts, keys: readonly NamedKey[]): void {
    counts.written -= keys.length
    counts.failed += keys.length
    this.example(keys, 'target.value-refused')
  }

  #judgeFunction(target: Target, counts: Counts, code: FailureCode, args: readonly Buffer[]): void {
    // Every node of a cluster is told a library; it is one all the same.
    if (counts.functions === 0) return
    const name = libraryName(args.at(-1)!)
    counts.functions -= 1
    const exists = code === 'target.not-empty'
    if (exists && this.#onConflict === 'fail') {
      target.abandon(makeFailure('target.not-empty', { address: this.#address, keys: 1, examples: name }))
      return
    }
    if (exists) counts.skipped += 1
    else counts.failed += 1
    this.example([{ db: 0, key: Buffer.from(name) }], exists ? 'target.not-empty' : 'target.value-refused')
  }

  /** Keeps keys as examples while there are few. */
  example(keys: readonly NamedKey[], reason: FailureCode): void {
    for (const { db, key } of keys.slice(0, examplesKept - this.examples.length)) {
      const example = { db, key: escapeKey(key), reason }
      // An attempt after this one may be refused the same again.
      if (!this.examples.some((one) => one.db === db && one.key === example.key)) this.examples.push(example)
    }
  }
}

/** The commands of a block, read back for those that were refused, from the first to the last. */
class SentCommands {
  readonly #commands: readonly (readonly Buffer[])[]
  #next = 0
  #db = 0

  constructor(block: Block) {
    this.#commands = [...new CommandParser(0).push(Buffer.from(block.bytes))].map(({ args }) => args)
  }

  /** A command, and the database selected before it. To be asked in rising order. */
  at(index: number): { readonly db: number; readonly args: readonly Buffer[] } {
    for (; this.#next < index; this.#next += 1) {
      const [name, db] = this.#commands[this.#next]!
      if (name?.toString() === 'SELECT') this.#db = Number(db?.toString())
    }
    return { db: this.#db, args: this.#commands[index] ?? [] }
  }
}
