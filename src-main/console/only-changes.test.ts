import { expect, test } from 'vitest'
import type { Answer } from '#contract/api.ts'
import { makeFailure } from '#contract/failure.ts'
import { onlyChanges } from './only-changes.ts'

interface View {
  readonly state: string
  readonly progress: { readonly keys: number } | null
  readonly events: readonly { readonly id: number }[]
}

async function heardOf(...told: Answer<View>[]): Promise<Answer<Partial<View>>[]> {
  async function* tell(): AsyncGenerator<Answer<View>, void, void> {
    yield* told
    await Promise.resolve()
  }
  const heard: Answer<Partial<View>>[] = []
  for await (const answer of onlyChanges(tell())) heard.push(answer)
  return heard
}

const view: View = { state: 'copying', progress: null, events: [{ id: 1 }] }

test('the first view comes whole, of the next only what says something else', async () => {
  expect(
    await heardOf(
      { ok: view },
      { ok: { ...view, progress: { keys: 5 }, events: [{ id: 1 }] } },
      { ok: { ...view, state: 'paused', progress: { keys: 5 }, events: [{ id: 1 }, { id: 2 }] } },
      { ok: { ...view, state: 'paused', events: [{ id: 1 }, { id: 2 }] } },
    ),
  ).toEqual([
    { ok: view },
    { ok: { progress: { keys: 5 } } },
    { ok: { state: 'paused', events: [{ id: 1 }, { id: 2 }] } },
    { ok: { progress: null } },
  ])
})

test('what is told in order, laid over one another, is the newest view', async () => {
  const newest: View = { state: 'finished', progress: { keys: 9 }, events: [{ id: 1 }, { id: 3 }] }
  const heard = await heardOf({ ok: view }, { ok: { ...view, progress: { keys: 7 } } }, { ok: newest })
  expect(Object.assign({}, ...heard.map((answer) => ('ok' in answer ? answer.ok : {})))).toEqual(newest)
})

test('a failure goes through as it is, and what follows still goes by what was told before it', async () => {
  const failed = { failed: makeFailure('task.not-found', { id: 'one' }) }
  expect(await heardOf({ ok: view }, failed, { ok: { ...view, state: 'failed' } })).toEqual([
    { ok: view },
    failed,
    { ok: { state: 'failed' } },
  ])
})
