import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FailureError, type Failure } from '#contract/failure.ts'
import { createJobRunner } from './pool.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-pool-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A thread that does this with each message it is given. */
function thread(name: string, onMessage: string): URL {
  const path = join(folder, `${name}.mjs`)
  const program = `import { parentPort } from 'node:worker_threads'
const say = (type, more) => parentPort.postMessage({ type, ...more })
parentPort.on('message', (message) => { ${onMessage} })`
  writeFileSync(path, program)
  return pathToFileURL(path)
}

const job = { file: 'any.rdb' }

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  return await work.then(
    () => expect.fail('it went well'),
    (thrown: unknown) => (thrown instanceof FailureError ? thrown.failure : expect.fail(String(thrown))),
  )
}

test('a thread that throws is a job that crashed, with what was thrown', async () => {
  const runner = createJobRunner(thread('throws', "throw new TypeError('a fault of ours')"))
  const failure = await failureOf(runner.run('inspect', job, {}))
  expect(failure).toMatchObject({ code: 'job.crashed', params: { message: 'a fault of ours' } })
  expect(failure.cause).toContain('throws.mjs')
})

test('a thread that ends without an answer is a job that crashed', async () => {
  const runner = createJobRunner(thread('ends', 'process.exit(0)'))
  expect((await failureOf(runner.run('inspect', job, {}))).code).toBe('job.crashed')
})

test('a thread that cannot be started is a job that crashed', async () => {
  const runner = createJobRunner(pathToFileURL(join(folder, 'nowhere.mjs')))
  expect((await failureOf(runner.run('inspect', job, {}))).code).toBe('job.crashed')
})

test('a job cancelled before it starts is told to be, once it is there', async () => {
  const runner = createJobRunner(
    thread(
      'cancels',
      `if (message.type === 'cancel') say('failed', { failure: { code: 'job.cancelled', params: {}, retryable: true } })`,
    ),
  )
  expect((await failureOf(runner.run('inspect', job, { signal: AbortSignal.abort() }))).code).toBe(
    'job.cancelled',
  )
})

test('progress and orders go to and fro while it runs; the signal is left alone afterwards', async () => {
  const runner = createJobRunner(
    thread(
      'works',
      `if (message.type === 'run') say('progress', { progress: 1 })
       if (message.type === 'order') say('done', { result: message.order })`,
    ),
  )
  const seen: unknown[] = []
  let give: (order: never) => void = () => expect.fail('it was not started')
  const controller = new AbortController()
  const result = await runner.run('restore', {} as never, {
    signal: controller.signal,
    onStart: (given) => (give = given),
    onProgress: (progress) => {
      seen.push(progress)
      give('finish' as never)
    },
  })
  expect([seen, result]).toEqual([[1], 'finish'])
  controller.abort()
})

test('a thread that goes on after its answer is ended', async () => {
  const runner = createJobRunner(
    thread('stays', "say('done', { result: 1 }); setInterval(() => say('progress', { progress: 2 }), 1)"),
  )
  let late = 0
  await runner.run('inspect', job, { onProgress: () => void (late += 1) })
  const seen = late
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(late).toBe(seen)
})
