import { escapeKey } from '#contract/escape-key.ts'
import type { ServerFacts } from '#contract/connection.ts'
import { fail, FailureError } from '#contract/failure.ts'
import { parseInfo } from '../redis/info.ts'
import { identityOf } from '../redis/probe.ts'
import { classifyReplyError } from '../redis/reply-errors.ts'
import { versionNumberOf } from '../redis/version.ts'
import { ReplyError } from '../resp/decode.ts'
import type { Link } from '../resp/link.ts'

/** What must be known of a target before the first write. */
export interface TargetLook {
  readonly flavour: ServerFacts['flavour']
  readonly version: string
  /** Major and minor as one number, 7.0 → 700; the newest we know where the server does not tell. */
  readonly versionNumber: number
  readonly role: ServerFacts['role']
  readonly mode: ServerFacts['mode']
  /** Changes when the server is started anew; null where INFO is refused. */
  readonly runId: string | null
  readonly appendOnly: boolean
  /** Its clock minus ours, milliseconds. */
  readonly clockAheadMs: number
}

const newest = 9999
/** As long may the target be silent when it is asked who it is and what it has. */
export const lookSilenceMs = 60_000

/** Asks the server who it is. Fails with `connect.*`, `auth.*`, or `target.loading` while it loads. */
export async function lookAtTarget(link: Link): Promise<TargetLook> {
  const before = Date.now()
  const time = await link.call(['TIME'])
  const after = Date.now()
  const reply = await link.call(['INFO'])
  if (reply instanceof ReplyError) {
    const failure = classifyReplyError(reply.text, { address: link.address })
    if (failure.code === 'target.loading' || failure.code === 'auth.required') throw new FailureError(failure)
  }
  const info = parseInfo(Buffer.isBuffer(reply) ? reply.toString() : '')
  if (info.get('loading') === '1') fail('target.loading', { address: link.address })
  const { flavour, version, role, mode } = identityOf(info)
  return {
    flavour,
    version,
    versionNumber: versionNumberOf(info) ?? newest,
    role,
    mode,
    runId: info.get('run_id') ?? null,
    appendOnly: info.get('aof_enabled') === '1',
    clockAheadMs: clockOf(time, (before + after) / 2),
  }
}

function clockOf(time: unknown, now: number): number {
  if (!Array.isArray(time) || time.length !== 2) return 0
  const theirs = Number(String(time[0])) * 1000 + Number(String(time[1])) / 1000
  return Number.isFinite(theirs) ? Math.round(theirs - now) : 0
}

/** Selects each database once, so that no key can land in another one. Fails with `target.db-out-of-range`. */
export async function assertDatabases(link: Link, dbs: readonly number[]): Promise<void> {
  for (const db of dbs) {
    const reply = await link.call(['SELECT', db])
    if (!(reply instanceof ReplyError)) continue
    const failure = classifyReplyError(reply.text, { address: link.address, db })
    throw new FailureError(failure)
  }
}

/** How many keys these databases hold together; Infinity where the server does not tell (a proxy may not). */
export async function countKeys(link: Link, dbs: readonly number[]): Promise<number> {
  let keys = 0
  for (const db of dbs) {
    await link.ask(['SELECT', db])
    const size = await link.call(['DBSIZE'])
    keys += typeof size === 'number' ? size : Infinity
  }
  return keys
}

/** Names of the function libraries the server has (7.0). */
export async function libraryNames(link: Link): Promise<ReadonlySet<string>> {
  const reply = await link.call(['FUNCTION', 'LIST'])
  if (!Array.isArray(reply)) return new Set()
  return new Set(
    reply.flatMap((library) => {
      const fields: readonly unknown[] = Array.isArray(library) ? library : []
      const name = fields[fields.findIndex((field) => String(field) === 'library_name') + 1]
      return name === undefined ? [] : [String(name)]
    }),
  )
}

/** Finds out which of some keys a target has already. */
export interface KeyFinder {
  readonly found: number
  /** Some of them; the keys are escaped. */
  readonly examples: readonly { readonly db: number; readonly key: string }[]
  /** Gives a promise only when there is something to wait for. */
  add(db: number, key: Uint8Array): Promise<void> | undefined
  /** Asks for what has been gathered, and waits for every answer. */
  finish(): Promise<void>
}

/** At most so many keys that are there already are kept as examples. */
export const examplesKept = 20

/** Gathers keys and asks, several hundred with one command and several commands at once, which the server has already. */
export class ConflictFinder implements KeyFinder {
  found = 0
  readonly examples: { readonly db: number; readonly key: string }[] = []
  readonly #link: Link
  /** EXISTS takes many keys and counts them (3.0.3). */
  readonly #many: boolean
  #keys: Buffer[] = []
  #db = -1
  #asked: Promise<void>[] = []

  constructor(link: Link, look: TargetLook) {
    this.#link = link
    this.#many = look.versionNumber > 300
  }

  /** Gives a promise only when there is something to wait for: enough asked already, or another database. */
  add(db: number, key: Uint8Array): Promise<void> | undefined {
    if (db !== this.#db) return this.#change(db).then(() => this.add(db, key))
    this.#keys.push(Buffer.from(key))
    if (this.#keys.length < keysAskedAtOnce) return undefined
    this.#asked.push(this.#ask(this.#keys.splice(0)))
    return this.#asked.length >= commandsAtOnce ? this.#answers() : undefined
  }

  async finish(): Promise<void> {
    this.#asked.push(this.#ask(this.#keys.splice(0)))
    await this.#answers()
  }

  async #change(db: number): Promise<void> {
    await this.finish()
    await this.#link.ask(['SELECT', db])
    this.#db = db
  }

  async #answers(): Promise<void> {
    await Promise.all(this.#asked.splice(0))
  }

  async #ask(keys: readonly Buffer[]): Promise<void> {
    if (keys.length === 0) return
    if (this.#many) {
      const there = Number(await this.#link.ask(['EXISTS', ...keys]))
      this.found += there
      if (there === 0 || this.examples.length >= examplesKept) return
    }
    const each = await Promise.all(keys.map((key) => this.#link.ask(['EXISTS', key])))
    for (const [index, reply] of each.entries()) {
      if (reply !== 1) continue
      if (!this.#many) this.found += 1
      if (this.examples.length < examplesKept)
        this.examples.push({ db: this.#db, key: escapeKey(keys[index]!) })
    }
  }
}

const keysAskedAtOnce = 500
const commandsAtOnce = 16
