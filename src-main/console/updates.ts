import { z } from 'zod'
import { fail, FailureError } from '#contract/failure.ts'
import type { UpdateNews } from '#contract/preferences.ts'

/** A feed: JSON with the newest version, and perhaps the page where it is to be had. Anything else in it is ignored. */
const feedSchema = z.object({
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/)
    .max(40),
  page: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional(),
})
const longestWaitMs = 10_000
const longestFeed = 64 * 1024

/** Asks a feed once, and nothing is said to it but what every request says. Fails with `update.unreadable`. */
export async function askFeed(feed: string, ours: string): Promise<UpdateNews> {
  try {
    const answer = await fetch(feed, { signal: AbortSignal.timeout(longestWaitMs), redirect: 'follow' })
    const text = answer.ok ? await answer.text() : ''
    if (text === '' || text.length > longestFeed) return fail('update.unreadable', { feed })
    const { version, page } = feedSchema.parse(JSON.parse(text))
    return { version, isNewer: isNewer(version, ours), page: page ?? null }
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown
    return fail('update.unreadable', { feed }, String(thrown))
  }
}

function isNewer(theirs: string, ours: string): boolean {
  const [one, other] = [theirs, ours].map((version) => version.split('.').map(Number))
  const at = one!.findIndex((part, index) => part !== other![index])
  return at >= 0 && one![at]! > (other![at] ?? 0)
}
