import type { Ledger } from '../flow/ledger.ts'
import type { NamedKey } from '../flow/refusals.ts'
import type { Target, TargetOptions } from './target.ts'

/** Where a restore goes: opened for every attempt, and remembered from one to the next. */
export interface Destination {
  /** For failures. */
  readonly address: string
  /**
   * Opens it. Where it was open before: ends what is left of those connections, so that nothing they still carry
   * can be applied late, finds out what of the answered it may have lost, and has the ledger go back before that.
   * Fails as `Link.open` does.
   */
  open(options: TargetOptions, ledger: Ledger): Promise<Target>
  /** Deletes a key of ours. */
  remove(named: NamedKey): Promise<void>
  /** The same at the end of a restore that failed: ends our connections first, and does not try for long. */
  leave(named: NamedKey): Promise<void>
}
