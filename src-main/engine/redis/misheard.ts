import type { Failure, FailureCode } from '#contract/failure.ts'

/** What a greeting with a byte that is another one at its end is taken for. */
const codes: ReadonlySet<FailureCode> = new Set([
  'connect.not-redis',
  'tls.not-tls',
  'tls.untrusted',
  'tls.name-mismatch',
  'tls.expired',
  'tls.client-certificate',
  'socks.not-socks',
  'socks.sign-in-refused',
  'tunnel.prohibited',
] satisfies readonly FailureCode[])

/** May an answer of a server that was reached before by the same settings have been spoilt on its way? */
export function mayBeMisheard({ code }: Failure): boolean {
  return code === 'tls.silent' || codes.has(code)
}

/** Said so often in a row it is true. */
const enough = 5

/**
 * A server that was reached before by the same settings answers as if these were wrong: it may have been misheard, for
 * nothing but TLS itself notices a byte that was spoilt on its way, and what carries TLS is not secured. One that says
 * nothing stands still, and is asked until it answers.
 */
export class Misheard {
  #times = 0

  /** Is it worth asking once more? */
  mayBe(failure: Failure): boolean {
    if (failure.code === 'tls.silent') return true
    this.#times += 1
    return mayBeMisheard(failure) && this.#times < enough
  }

  /** It was reached. */
  forget(): void {
    this.#times = 0
  }
}
