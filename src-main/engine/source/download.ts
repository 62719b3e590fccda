import type { IncomingHttpHeaders } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fail, FailureError, makeFailure, toFailure, type Failure } from '#contract/failure.ts'
import { nameInput } from '#contract/input-name.ts'
import { Patience } from '../flow/patience.ts'
import { httpGet, type HttpAnswer } from './http-get.ts'
import type { LandingFile } from './landing-file.ts'

export interface DownloadOptions {
  readonly signal: AbortSignal
  /** `total` is null where the server does not tell. */
  readonly onProgress: (done: number, total: number | null) => void
  /** It broke off, and will be tried again. */
  readonly onWait: (failure: Failure) => void
  /** How long a server may be silent, milliseconds. */
  readonly silenceMs?: number
}

/** What tells one state of a file on a server from another (RFC 9110, 8.8). */
interface Validators {
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  readonly total: number | null
}

const longestRetryAfterMs = 60_000
/** As much in one go, and the next one follows at once. */
const enoughBytes = 256 * 1024
/** As often is a file begun again that cannot be taken up where it broke off. */
const mostFreshStarts = 5

/**
 * Fetches a URL into a file. What breaks off is taken up where it broke (Range with If-Range), or where the server
 * cannot do that begun again; both are tried with patience as long as it gets further. A file that changes
 * meanwhile is refused: two halves of different backups fit nothing.
 *
 * Fails with `fetch.*`, `file.no-room`, `connect.*` where nobody answers from the first, or `job.cancelled`.
 */
export async function download(url: string, file: LandingFile, options: DownloadOptions): Promise<void> {
  const patience = new Patience()
  const fetching = new Download(url, file, options)
  for (;;) {
    const before = file.bytes
    try {
      await fetching.attempt()
      return
    } catch (thrown) {
      const failure = options.signal.aborted ? makeFailure('job.cancelled') : toFailure(thrown)
      const pauseMs =
        failure.retryable && fetching.hasBegun
          ? patience.pauseMs(failure, file.bytes, performance.now())
          : null
      if (pauseMs === null) throw new FailureError(failure)
      // Some servers end every connection after a while: where it gets further there is nothing to wait for.
      if (file.bytes - before >= enoughBytes) continue
      options.onWait(failure)
      await sleep(Math.max(pauseMs, fetching.retryAfterMs), undefined, { signal: options.signal }).catch(
        () => undefined,
      )
    }
  }
}

class Download {
  readonly #url: string
  readonly #file: LandingFile
  readonly #options: Required<DownloadOptions>
  /** Of the first answer; every later one must agree. */
  #first: Validators | null = null
  /** The server takes no Range, or not this one. */
  #whole = false
  #freshStarts = 0
  #retryAfterMs: number | null = null

  constructor(url: string, file: LandingFile, options: DownloadOptions) {
    this.#url = url
    this.#file = file
    this.#options = { silenceMs: 30_000, ...options }
  }

  /** The server has answered with the file, or that it will later. */
  get hasBegun(): boolean {
    return this.#first !== null || this.#retryAfterMs !== null
  }

  /** As long the server asks to be left alone. */
  get retryAfterMs(): number {
    return this.#retryAfterMs ?? 0
  }

  /** Fetches what is missing. Resolves when the file is complete. */
  async attempt(): Promise<void> {
    this.#retryAfterMs = null
    if (this.#whole) await this.#startAgain()
    const { signal, silenceMs } = this.#options
    const answer = await httpGet(this.#url, { headers: this.#range(), signal, silenceMs })
    try {
      await this.#take(answer)
    } finally {
      answer.body.destroy()
    }
  }

  async #startAgain(): Promise<void> {
    if (this.#file.bytes === 0) return
    this.#freshStarts += 1
    if (this.#freshStarts > mostFreshStarts) fail('fetch.no-resume', { file: nameInput(this.#url) })
    await this.#file.startAgain()
  }

  /** Asks for the rest only; If-Range makes the server send all of it again where it is another file by now. */
  #range(): Record<string, string> {
    const { bytes } = this.#file
    if (bytes === 0 || this.#first === null) return {}
    const { etag, lastModified } = this.#first
    // A weak tag says nothing of single bytes (RFC 9110, 13.1.5).
    const condition = etag?.startsWith('"') === true ? etag : lastModified
    return { range: `bytes=${bytes}-`, ...(condition === undefined ? {} : { 'if-range': condition }) }
  }

  async #take({ status, headers, body }: HttpAnswer): Promise<void> {
    const file = nameInput(this.#url)
    if (status === 206) this.#assertGoesOn(headers)
    else if (status === 416 && this.#file.bytes > 0) {
      if (this.#isComplete(headers)) return
      this.#whole = true
      fail('fetch.broken', { file, done: this.#file.bytes, reason: '416' })
    } else if (status === 200) await this.#beginWith(headers)
    else this.#refuse(status, headers)
    await this.#receive(body)
  }

  /** A whole file comes: the first time, or because a part of it was not to be had. */
  async #beginWith(headers: IncomingHttpHeaders): Promise<void> {
    const now = validatorsOf(headers, lengthOf(headers))
    this.#assertSame(now)
    this.#first ??= now
    await this.#startAgain()
    if (now.total !== null) await this.#file.expect(now.total)
  }

  #assertGoesOn(headers: IncomingHttpHeaders): void {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? []
    if (Number(from) !== this.#file.bytes) {
      this.#whole = true
      fail('fetch.broken', { file: nameInput(this.#url), done: this.#file.bytes, reason: 'Content-Range' })
    }
    this.#assertSame(validatorsOf(headers, total === '*' ? null : Number(total)))
  }

  /** 416 to all that is missing: there is no more, or it is another file by now. */
  #isComplete(headers: IncomingHttpHeaders): boolean {
    const told = /^bytes \*\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1]
    if (told === undefined) return false
    this.#assertSame({ ...validatorsOf(headers, null), total: Number(told) })
    return Number(told) === this.#file.bytes
  }

  #assertSame(now: Validators): void {
    const first = this.#first
    const differ = <T>(one: T | null | undefined, other: T | null | undefined): boolean =>
      one !== undefined && one !== null && other !== undefined && other !== null && one !== other
    if (
      first !== null &&
      (differ(first.etag, now.etag) ||
        differ(first.lastModified, now.lastModified) ||
        differ(first.total, now.total))
    )
      fail('fetch.changed', { file: nameInput(this.#url) })
  }

  #refuse(status: number, headers: IncomingHttpHeaders): never {
    const facts = { file: nameInput(this.#url), status }
    if (status === 404 || status === 410) fail('fetch.not-found', facts)
    if (status !== 408 && status !== 429 && status < 500) fail('fetch.refused', facts)
    const seconds = Number(headers['retry-after'] ?? 1)
    this.#retryAfterMs = Number.isNaN(seconds) ? 1000 : Math.min(longestRetryAfterMs, seconds * 1000)
    return fail('fetch.unavailable', facts)
  }

  async #receive(body: AsyncIterable<Uint8Array>): Promise<void> {
    const { onProgress } = this.#options
    const total = this.#first?.total ?? null
    const brokenOff = (reason: string): Failure =>
      makeFailure('fetch.broken', { file: nameInput(this.#url), done: this.#file.bytes, reason })
    onProgress(this.#file.bytes, total)
    try {
      for await (const chunk of body) {
        await this.#file.write(chunk)
        onProgress(this.#file.bytes, total)
      }
    } catch (thrown) {
      if (thrown instanceof FailureError) throw thrown
      throw new FailureError(brokenOff((thrown as NodeJS.ErrnoException).code ?? ''))
    }
    if (total !== null && this.#file.bytes !== total) throw new FailureError(brokenOff('Content-Length'))
  }
}

function validatorsOf(headers: IncomingHttpHeaders, total: number | null): Validators {
  return { etag: headers.etag, lastModified: headers['last-modified'], total }
}

function lengthOf(headers: IncomingHttpHeaders): number | null {
  const length = headers['content-length']
  return length === undefined ? null : Number(length)
}
