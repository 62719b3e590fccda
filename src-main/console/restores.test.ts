import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { RestoreView } from '#contract/restore-view.ts'
import { FailureError, makeFailure } from '#contract/failure.ts'
import { sightPartSchema } from '#contract/sight.ts'
import { restoreSpecSchema, type RestoreProgress } from '#contract/restore.ts'
import type { JobRunner } from '#engine/worker/pool.ts'
import { createRestores } from './restores.ts'

const spec = restoreSpecSchema.parse({
  files: ['/data/dump.rdb'],
  target: { host: '::1', port: 6379, password: 'hunter2' },
})

interface Job {
  report(keysDone: number): void
  end(result?: unknown): void
  fail(error: Error): void
  /** What was asked for, kind by kind, with its spec. */
  readonly asked: readonly (readonly [kind: string, spec: unknown])[]
  readonly orders: readonly unknown[]
}

interface RunOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: RestoreProgress) => void
  readonly onStart?: (give: (order: unknown) => void) => void
}

/** A runner whose newest job is driven by the test; cancelling ends it as the real one does. */
function drivenRunner(): { jobs: JobRunner; job: Job } {
  const asked: (readonly [string, unknown])[] = []
  const orders: unknown[] = []
  const driven: Partial<Job> = { asked, orders }
  const run = (kind: string, spec: unknown, options: RunOptions): Promise<unknown> =>
    new Promise((resolve, reject) => {
      asked.push([kind, spec])
      Object.assign(driven, {
        report: (keysDone: number) => options.onProgress?.({ keysDone } as RestoreProgress),
        end: (result: unknown = { keys: 3 }) => resolve(result),
        fail: reject,
      } satisfies Partial<Job>)
      options.onStart?.((order) => orders.push(order))
      options.signal?.addEventListener('abort', () => reject(new FailureError(makeFailure('job.cancelled'))))
    })
  return { jobs: { run } as unknown as JobRunner, job: driven as Job }
}

const stateOf = (answer: { ok: RestoreView } | { failed: unknown }): string =>
  'ok' in answer ? `${answer.ok.state} ${answer.ok.progress.keysDone}` : 'failed'

/** All that a subscription tells until what it tells is as wanted. */
async function heardUntil<T>(
  views: AsyncIterable<{ ok: T } | { failed: unknown }>,
  wanted: (one: T) => boolean,
): Promise<readonly T[]> {
  const heard: T[] = []
  for await (const answer of views) {
    if ('failed' in answer) throw new Error('failed')
    heard.push(answer.ok)
    if (wanted(answer.ok)) return heard
  }
  return heard
}

test('who watches hears the newest view first, then figures from time to time, and the end at once', async () => {
  const { jobs, job } = drivenRunner()
  const restores = createRestores(jobs)
  const { id } = restores.start(spec)
  await delay(1)
  job.report(1)
  const figures = heardUntil(restores.watch(id), ({ progress }) => progress.keysDone === 3)
  await delay(1)
  job.report(2)
  await delay(1)
  job.report(3)
  expect((await figures).map((ok) => stateOf({ ok }))).toEqual(['running 1', 'running 3'])

  const watching = heardUntil(restores.watch(id), ({ state }) => state === 'done')
  await delay(1)
  job.report(4)
  job.end()
  expect((await watching).map((ok) => stateOf({ ok }))).toEqual(['running 3', 'done 4'])
  expect(restores.list()).toMatchObject([{ id, state: 'done', result: { keys: 3 } }])
})

test('views that come faster than they are taken are passed over for the newest', async () => {
  const { jobs, job } = drivenRunner()
  const restores = createRestores(jobs)
  const views = restores.watch(restores.start(spec).id)
  await views.next()
  for (let keys = 1; keys <= 1000; keys += 1) job.report(keys)

  const { value } = await views.next()

  expect(value && stateOf(value)).toBe('running 1000')
  job.end()
})

test('a watch ends with its signal, and the restore goes on', async () => {
  const { jobs, job } = drivenRunner()
  const restores = createRestores(jobs)
  const { id } = restores.start(spec)
  const controller = new AbortController()
  const views = restores.watch(id, controller.signal)
  await views.next()
  const next = views.next()
  controller.abort()

  expect(await next).toEqual({ value: undefined, done: true })
  expect(restores.countRunning()).toBe(1)
  job.end()
})

test('cancelled and failed are told apart', async () => {
  const one = drivenRunner()
  await using restores = createRestores(one.jobs)
  const cancelled = restores.start(spec)
  await delay(1)
  restores.cancel(cancelled.id)
  const failed = restores.start(spec)
  await delay(1)
  one.job.fail(new FailureError(makeFailure('file.truncated', { file: 'dump.rdb' })))
  await delay(1)

  expect(restores.list().map(({ id, state, failure }) => [id, state, failure?.code])).toEqual([
    [failed.id, 'failed', 'file.truncated'],
    [cancelled.id, 'cancelled', 'job.cancelled'],
  ])
})

test('no view holds the password', () => {
  const restores = createRestores(drivenRunner().jobs)
  const view = restores.start(spec)

  expect(view.target).toBe('[::1]:6379')
  expect(JSON.stringify(view)).not.toContain('hunter2')
})

test('orders reach the job, and the limits in force are told; one that has ended takes none', async () => {
  const { jobs, job } = drivenRunner()
  const restores = createRestores(jobs)
  const { id } = restores.start(spec)
  await delay(1)
  restores.order(id, { type: 'pause' })
  const view = restores.order(id, { type: 'limits', limits: { keysPerSecond: 10 } })

  expect(job.orders).toEqual([{ type: 'pause' }, { type: 'limits', limits: { keysPerSecond: 10 } }])
  expect(view.limits).toEqual({ keysPerSecond: 10 })
  job.end()
  await delay(1)
  expect(() => restores.order(id, { type: 'go-on' })).toThrow('restore.ended')
})

test('a finished restore is compared with its files, as it was restored; who watches hears the end of it', async () => {
  const { jobs, job } = drivenRunner()
  await using restores = createRestores(jobs)
  const { id } = restores.start(restoreSpecSchema.parse({ ...spec, dbMap: { 3: 0 }, exclude: ['tmp:*'] }))
  await delay(1)
  const options = { mode: 'full', repair: false, deleteExtra: false } as const
  expect(() => restores.compare(id, options)).toThrow('restore.not-comparable')
  job.end()
  await delay(1)
  restores.compare(id, options)
  expect(() => restores.compare(id, options)).toThrow('restore.not-comparable')
  const watching = (async () => {
    for await (const answer of restores.watch(id))
      if ('ok' in answer && answer.ok.comparison?.state === 'done') return answer.ok.comparison.result
    return null
  })()
  const found = Array.from({ length: 150 }, (_, at) => ({
    db: 0,
    key: `k${at}`,
    kind: 'missing',
    detail: null,
  }))
  job.end({ equal: false, differences: found })

  expect(await watching).toEqual({ equal: false, differences: found.slice(0, 100) })
  expect(restores.differences(id)).toEqual(found)
  void restores.look(id, 149, sightPartSchema.parse({}))
  expect(job.asked[2]).toMatchObject(['sight', { db: 0, key: btoa('k149'), target: spec.target }])
  expect(job.asked[1]).toMatchObject([
    'verify',
    {
      source: { files: spec.files, restoredAs: { dbMap: { 3: 0 }, exclude: ['tmp:*'] } },
      target: spec.target,
      mode: 'full',
    },
  ])
  expect(job.orders).toEqual([])
})

test('a repair that was agreed to beforehand is ordered at once', async () => {
  const { jobs, job } = drivenRunner()
  await using restores = createRestores(jobs)
  const { id } = restores.start(spec)
  await delay(1)
  job.end()
  await delay(1)
  restores.compare(id, { mode: 'full', repair: true, deleteExtra: true })

  expect(job.asked[1]).toMatchObject(['verify', { repair: true, deleteExtra: true }])
  expect(job.orders).toEqual([{ type: 'repair' }])
})

test('what a failure knows to be written is what the view tells', async () => {
  const { jobs, job } = drivenRunner()
  await using restores = createRestores(jobs)
  restores.start(spec)
  await delay(1)
  job.report(1)
  job.fail(new FailureError(makeFailure('job.cancelled', { written: 151 })))
  await delay(1)

  expect(restores.list()).toMatchObject([{ state: 'cancelled', progress: { keysDone: 1, keysWritten: 151 } }])
})

test('one that failed is begun again as it was asked for; one that runs, or is done, is not', async () => {
  const { jobs, job } = drivenRunner()
  await using restores = createRestores(jobs, '/var/state')
  const first = restores.start(spec)
  expect(() => restores.again(first.id)).toThrow('restore.not-again')
  await delay(1)
  job.fail(new FailureError(makeFailure('connect.lost', { address: 'x' })))
  await delay(1)
  const second = restores.again(first.id)
  await delay(1)

  expect(second.id).not.toBe(first.id)
  expect(job.asked[1]).toEqual(job.asked[0])
  job.end()
  await delay(1)
  expect(() => restores.again(second.id)).toThrow('restore.not-again')
})

test('who watches an ended one hears of a comparison that somebody else has begun', async () => {
  const { jobs, job } = drivenRunner()
  await using restores = createRestores(jobs)
  const { id } = restores.start(spec)
  await delay(1)
  job.end()
  await delay(1)
  const watching = heardUntil(restores.watch(id), ({ comparison }) => comparison?.state === 'done')
  await delay(1)
  restores.compare(id, { mode: 'full', repair: false, deleteExtra: false })
  await delay(1)
  job.end({ equal: true, differences: [] })

  expect((await watching).map(({ comparison }) => comparison?.state)).toEqual([undefined, 'running', 'done'])
})

test('how all stand is told at once, then only what is new: a restore begun, its steps at once, its end', async () => {
  const { jobs, job } = drivenRunner()
  await using restores = createRestores(jobs)
  const first = restores.start(spec)
  await delay(1)
  job.end()
  await delay(1)
  const news = restores.watchAll()
  const next = async () => {
    const { value } = await news.next()
    return value !== undefined && 'ok' in value ? value.ok : null
  }

  expect(await next()).toMatchObject({
    isWhole: true,
    restores: [{ id: first.id, files: ['/data/dump.rdb'], target: '[::1]:6379', state: 'done' }],
  })
  const second = restores.start(spec)
  expect(await next()).toMatchObject({ isWhole: false, restores: [{ id: second.id, state: 'running' }] })
  await delay(1)
  job.report(1)
  // What is not new is not told again.
  expect(await next()).toEqual({
    isWhole: false,
    restores: [{ id: second.id, progress: expect.objectContaining({ keysDone: 1 }) }],
  })
  const end = next()
  job.report(2)
  job.end()
  expect(await end).toMatchObject({
    restores: [{ id: second.id, state: 'done', progress: { keysDone: 2 } }],
  })
})

test('to tell of a thousand restores is short, and shorter of what is new', async () => {
  const { jobs, job } = drivenRunner()
  await using restores = createRestores(jobs)
  for (let at = 0; at < 1_000; at += 1) {
    restores.start(spec)
    await Promise.resolve()
    job.end()
  }
  await delay(1)
  const news = restores.watchAll()
  const sizes: number[] = []
  for (const begin of [() => undefined, () => restores.start(spec)]) {
    begin()
    sizes.push(JSON.stringify((await news.next()).value).length)
  }

  expect(sizes[0]).toBeLessThan(600 * 1_000)
  expect(sizes[1]).toBeLessThan(1_000)
})

test('each step may change which are interrupted, figures do not', async () => {
  const { jobs, job } = drivenRunner()
  let steps = 0
  await using restores = createRestores(jobs, undefined, () => (steps += 1))
  restores.start(spec)
  expect(steps).toBe(1)
  await delay(1)
  job.report(1)
  expect(steps).toBe(2)
  job.report(2)
  job.report(3)
  expect(steps).toBe(2)
  job.fail(new Error('lost'))
  await delay(1)
  expect(steps).toBe(3)
})

test('disposing cancels what runs and waits for its end', async () => {
  const restores = createRestores(drivenRunner().jobs)
  restores.start(spec)
  await delay(1)
  await restores[Symbol.asyncDispose]()

  expect(restores.countRunning()).toBe(0)
  expect(() => restores.watch('nobody')).toThrow('restore.not-found')
})
