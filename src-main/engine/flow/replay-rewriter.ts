import { sayTo } from '../plan/command-versions.ts'
import { guardMs, rewriteExpiry } from '../plan/expiry.ts'
import type { Argument } from '../resp/encode.ts'
import type { CommandRewriter } from './prepare.ts'
import type { UnitCommand } from './units.ts'

export interface ReplayRewriterOptions {
  /** The Redis version that the target is, or stands for: 7.0 → 700. */
  readonly versionNumber: number
  /** Scripts by their SHA1, lower case. */
  readonly scripts: ReadonlyMap<string, Buffer>
}

/**
 * Says the commands of an append-only file so that a live server comes to what loading the file would come to. A
 * server that loads lets nothing expire before the end (db.c, `expireIfNeeded`: a key whose time was past when it
 * was changed once more would otherwise be lost), so every expiry is written `guardMs` later; `settleExpiries`
 * puts them right.
 */
export class ReplayRewriter implements CommandRewriter {
  readonly #options: ReplayRewriterOptions

  constructor(options: ReplayRewriterOptions) {
    this.#options = options
  }

  rewrite(command: UnitCommand, receivedAt: number): readonly (readonly Argument[])[] | null {
    const rewritten = rewriteExpiry(command, receivedAt, (at) => at + guardMs)
    if (rewritten !== null) return this.#say(String(rewritten[0]).toUpperCase(), rewritten) ?? [rewritten]
    const { args, shape } = command
    if (shape?.name === 'EVALSHA') return this.#withScript(args)
    return shape === null ? null : this.#say(shape.name, args)
  }

  /** Null: as it is. What cannot be said has been told before the first write. */
  #say(name: string, args: readonly Argument[]): readonly (readonly Argument[])[] | null {
    const { versionNumber } = this.#options
    const said = sayTo({ versionNumber, hashFieldExpiry: true, hashSetWithExpiry: true }, name, args)
    return typeof said === 'string' ? null : said
  }

  /** The target may never have been told the script, or have forgotten it with a restart. */
  #withScript(args: readonly Buffer[]): readonly (readonly Argument[])[] | null {
    const body = this.#options.scripts.get(String(args[1]).toLowerCase())
    return body === undefined ? null : [['EVAL', body, ...args.slice(2)]]
  }
}
