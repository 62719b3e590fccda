import type { Passwords } from '#contract/profile.ts'
import type { ConnectionDraft } from './connection-draft.svelte.ts'

/** Passwords typed in two forms that are kept nowhere: needed whenever the servers are reached. */
export function typedPasswords(source: ConnectionDraft, target: ConnectionDraft): Passwords {
  return {
    ...(source.ask && source.password !== '' && { source: source.password }),
    ...(target.ask && target.password !== '' && { target: target.password }),
    ...(source.ask && { sourceWay: { ...source.way.typed, ...source.others.typed } }),
    ...(target.ask && { targetWay: target.way.typed }),
  }
}
