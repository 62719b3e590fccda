import { request as requestPlain, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'
import { fail, FailureError, makeFailure } from '#contract/failure.ts'
import { nameInput } from '#contract/input-name.ts'
import { classifySocketError } from '../redis/connect-failure.ts'
import { proxyOf, throughProxy } from './http-proxy.ts'

/** What a server answered to one GET, redirects followed. The caller reads or destroys the body. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Milliseconds without a byte, at any time. */
  readonly silenceMs: number
}

const mostRedirects = 5
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * One GET. Servers are verified by the authorities Node.js trusts (`NODE_EXTRA_CA_CERTS` adds some); proxies are
 * taken from the environment. Nothing that was encrypted goes on unencrypted. Fails with `connect.*` for the
 * host, `fetch.untrusted`, `fetch.redirect` or `job.cancelled`; no failure holds more of a URL than host and path.
 */
export async function httpGet(url: string, options: GetOptions): Promise<HttpAnswer> {
  let at = new URL(url)
  for (let hop = 0; ; hop += 1) {
    const answer = await getOnce(at, options)
    const { location } = answer.headers
    if (!redirects.has(answer.status) || location === undefined) return answer
    answer.body.destroy()
    const next = URL.canParse(location, at) ? new URL(location, at) : null
    const leadsOn =
      next !== null && (next.protocol === 'https:' || (next.protocol === 'http:' && at.protocol === 'http:'))
    if (!leadsOn || hop === mostRedirects)
      return fail('fetch.redirect', { file: nameInput(url), to: next === null ? '' : nameInput(next.href) })
    at = next
  }
}

/** A user and password in a URL go to its own host only: a redirect's URL has its own, or none. */
function getOnce(url: URL, { headers, signal, silenceMs }: GetOptions): Promise<HttpAnswer> {
  if (signal.aborted) fail('job.cancelled')
  const secure = url.protocol === 'https:'
  const file = nameInput(url.href)
  const failureOf = (thrown: unknown): FailureError => {
    if (signal.aborted) return new FailureError(makeFailure('job.cancelled'))
    const failure = classifySocketError(thrown, url.host, secure)
    const { code } = failure
    return new FailureError(
      code.startsWith('tls.') && code !== 'tls.not-tls'
        ? makeFailure('fetch.untrusted', { file, reason: failure.cause ?? '' })
        : failure,
    )
  }
  const { headers: more, ...way } = throughProxy(url, proxyOf(url, process.env))
  return new Promise((resolve, reject) => {
    const request = (secure ? requestTls : requestPlain)(url, {
      // Bytes as they are: a packed transfer could not be resumed in the middle.
      headers: {
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': 'keyferry',
        ...headers,
        ...more,
      },
      signal,
      agent: false,
      ...way,
    })
    request.setTimeout(silenceMs, () => request.destroy(silence()))
    request.once('error', (error) => reject(failureOf(error)))
    request.once('response', (body) => {
      // Told by whoever reads the body.
      request.on('error', () => undefined)
      body.on('error', () => undefined)
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body })
    })
    request.end()
  })
}

function silence(): Error {
  return Object.assign(new Error('the server fell silent'), { code: 'ETIMEDOUT' })
}
