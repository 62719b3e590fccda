import type { Connection } from '#contract/connection.ts'
import { t } from '../i18n/i18n.svelte.ts'

/** What a person has said of the instance behind an address, in a few words; empty where that is nothing. */
export function sayInstance({ instanceId, access }: Pick<Connection, 'instanceId' | 'access'>): string {
  return [instanceId, access && t(`access.${access}`)].filter(Boolean).join(' · ')
}
