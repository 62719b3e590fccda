import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { RestoreView } from '#contract/api.ts'
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

test('who watches hears the newest view first and the end last', async () => {
  const { jobs, job } = drivenRunner()
  const restores = createRestores(jobs)
  const { id } = restores.start(spec)
  await delay(1)
  job.report(1)
  const heard: string[] = []
  const watching = (async () => {
    for await (const answer of restores.watch(id)) heard.push(stateOf(answer))
  })()
  await delay(1)
  job.report(2)
  await delay(1)
  job.end()
  await watching

  expect(heard).toEqual(['running 1', 'running 2', 'done 2'])
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

test('disposing cancels what runs and waits for its end', async () => {
  const restores = createRestores(drivenRunner().jobs)
  restores.start(spec)
  await delay(1)
  await restores[Symbol.asyncDispose]()

  expect(restores.countRunning()).toBe(0)
  expect(() => restores.watch('nobody')).toThrow('restore.not-found')
})
