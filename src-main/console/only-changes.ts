import type { Answer } from '#contract/api.ts'

/**
 * The first of `views` whole, of each later one only the members that say something else than before: what a window is
 * told several times a second is a few figures, and the checks, options and events beside them are many times as much.
 */
export async function* onlyChanges<View extends object>(
  views: AsyncIterable<Answer<View>>,
): AsyncGenerator<Answer<Partial<View>>, void, void> {
  let told: Partial<View> = {}
  for await (const answer of views) {
    if ('failed' in answer) {
      yield answer
      continue
    }
    yield { ok: changesOf(told, answer.ok) }
    told = answer.ok
  }
}

/** The members of `view` that say something else than in `told`. */
export function changesOf<View extends object>(told: Partial<View>, view: View): Partial<View> {
  const changes: Partial<View> = {}
  for (const name of Object.keys(view) as (keyof View)[])
    if (!saysTheSame(told[name], view[name])) changes[name] = view[name]
  return changes
}

/** Of what is kept as it was, nothing need be written out. */
function saysTheSame(before: unknown, now: unknown): boolean {
  return Object.is(before, now) || JSON.stringify(before) === JSON.stringify(now)
}
