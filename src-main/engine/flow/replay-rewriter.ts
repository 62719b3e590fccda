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

/** SET … PXAT (6.2). */
const setsWithExpirySince = 602
/** UNLINK, and HSET with several fields (4.0). */
const unlinksSince = 400

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
    if (rewritten !== null) return this.#forTarget(rewritten)
    const { args, shape } = command
    if (shape?.name === 'EVALSHA') return this.#withScript(args)
    if (this.#options.versionNumber >= unlinksSince) return null
    if (shape?.name === 'UNLINK') return [['DEL', ...args.slice(1)]]
    return shape?.name === 'HSET' && args.length > 4 ? [['HMSET', ...args.slice(1)]] : null
  }

  /** SET with an expiry as two commands where the target knows it otherwise. */
  #forTarget(words: readonly Argument[]): readonly (readonly Argument[])[] {
    const [name, key, value, option, at] = words
    if (name !== 'SET' || option !== 'PXAT' || this.#options.versionNumber >= setsWithExpirySince)
      return [words]
    return [
      ['SET', key!, value!],
      ['PEXPIREAT', key!, at!],
    ]
  }

  /** The target may never have been told the script, or have forgotten it with a restart. */
  #withScript(args: readonly Buffer[]): readonly (readonly Argument[])[] | null {
    const body = this.#options.scripts.get(String(args[1]).toLowerCase())
    return body === undefined ? null : [['EVAL', body, ...args.slice(2)]]
  }
}
