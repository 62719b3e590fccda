import { createHash } from 'node:crypto'
import type { CommandConsent } from '#contract/cutover-command.ts'
import { fail } from '#contract/failure.ts'
import type { Store } from '#store/open.ts'

const name = 'commands'

/** The commands that somebody at this machine has consented to. It is asked for each anew: no file can bring it along. */
export interface CommandConsents {
  /** Null where there is no command. */
  of(words: readonly string[] | null | undefined): CommandConsent | null
  give(words: readonly string[]): CommandConsent
}

export function commandConsents({ preferences }: Pick<Store, 'preferences'>): CommandConsents {
  const given = (): readonly string[] => JSON.parse(preferences.read(name) ?? '[]') as readonly string[]
  return {
    of(words) {
      if (!words) return null
      const digest = digestOf(words)
      return { digest, given: given().includes(digest) }
    },
    give(words) {
      const digest = digestOf(words)
      preferences.write(name, JSON.stringify([...new Set([...given(), digest])]))
      return { digest, given: true }
    },
  }
}

/** A command that came with a plan is run for nobody who has not consented to it; fails with `command.not-consented`. */
export function demandConsent(
  store: Pick<Store, 'preferences'>,
  words: readonly string[] | null | undefined,
): void {
  const consent = commandConsents(store).of(words)
  if (consent?.given === false)
    fail('command.not-consented', { program: words?.[0] ?? '', digest: consent.digest })
}

function digestOf(words: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex')
}
