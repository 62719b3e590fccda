import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FailureError, makeFailure } from '#contract/failure.ts'
import type { JobRunner } from '#engine/worker/pool.ts'
import { jobSteps } from './job-steps.ts'

interface Driven {
  report(bytesDone: number): void
  end(): void
  fail(): void
  readonly signal: AbortSignal
}

function driven(): { steps: ReturnType<typeof begin>; job: Driven } {
  const job: Partial<Driven> = {}
  const run = (
    _kind: string,
    _spec: unknown,
    options: { signal: AbortSignal; onProgress: (progress: unknown) => void },
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      Object.assign(job, {
        report: (bytesDone: number) => options.onProgress({ bytesDone, bytesTotal: 9 }),
        end: () => resolve({ keys: 3 }),
        fail: () => reject(new FailureError(makeFailure('file.empty', { file: 'x' }))),
        signal: options.signal,
      } satisfies Driven)
    })
  return { steps: begin({ run } as unknown as JobRunner), job: job as Driven }
}

function begin(jobs: JobRunner) {
  return jobSteps({
    jobs,
    kind: 'inspect',
    spec: { file: 'x' },
    signal: undefined,
    last: ({ keys }) => ({ report: keys }),
  })
}

test('a slow listener hears the newest progress only, then what came of it, then no more', async () => {
  const { steps, job } = driven()
  const first = steps.next()
  for (const bytes of [1, 2, 3]) job.report(bytes)

  expect((await first).value).toEqual({ ok: { progress: { bytesDone: 3, bytesTotal: 9 } } })
  job.end()
  await delay(1)
  expect((await steps.next()).value).toEqual({ ok: { report: 3 } })
  expect((await steps.next()).done).toBe(true)
})

test('what went wrong is an answer', async () => {
  const { steps, job } = driven()
  const first = steps.next()
  job.fail()

  expect((await first).value).toMatchObject({ failed: { code: 'file.empty' } })
})

test('the job ends when nobody listens any more', async () => {
  const { steps, job } = driven()
  const first = steps.next()
  job.report(1)
  await first
  await steps.return()

  expect(job.signal.aborted).toBe(true)
})
