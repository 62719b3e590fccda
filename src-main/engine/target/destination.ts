import type { Ledger } from '../flow/ledger.ts'
import type { NamedKey } from '../flow/refusals.ts'
import type { DeadRun } from './dead-run.ts'
import type { Manners, Target, TargetOptions } from './target.ts'

/** Where a restore goes: opened for every attempt, and remembered from one to the next. */
export interface Destination {
  /** For failures. */
  readonly address: string
  readonly manners: Manners
  /**
   * Opens it. Where it was open before: ends what is left of those connections, so that nothing they still carry
   * can be applied late, finds out what of the answered it may have lost, and has the ledger go back before that.
   * Fails as `Link.open` does.
   */
  open(options: TargetOptions, ledger: Ledger): Promise<Target>
  /** Which start of each of its servers is written to, by what the server is called here. To be kept for `takeUp`. */
  readonly servers: Readonly<Record<string, string>>
  /**
   * Before it is opened: ends what a run of ours has left that ended without a word, finds out what of the answered
   * the target may have lost since, and has the ledger go back before that. False where a server was started anew
   * since, or another one stands in its place. Fails as `open` does.
   */
  takeUp(dead: DeadRun, ledger: Ledger, signal: AbortSignal): Promise<boolean>
  /** Deletes a key of ours. */
  remove(named: NamedKey): Promise<void>
  /** The same at the end of a restore that failed: ends our connections first, and does not try for long. */
  leave(named: NamedKey): Promise<void>
}
