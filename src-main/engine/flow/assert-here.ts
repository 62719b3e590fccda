import { fail } from '#contract/failure.ts'
import { redirectionOf } from '../redis/reply-errors.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'

/** Fails with `target.slot-moving` where one of these replies sends us to another of a cluster's masters. */
export function assertHere(replies: readonly Reply[], address: string): void {
  const away = replies.some((reply) => reply instanceof ReplyError && redirectionOf(reply.text) !== null)
  if (away) fail('target.slot-moving', { address })
}
