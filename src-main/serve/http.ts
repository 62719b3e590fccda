import type { IncomingMessage, ServerResponse } from 'node:http'
import { contentSecurityPolicy, type RendererFiles } from '#console/renderer-files.ts'
import { sessionCookie, sessionOf } from './cookie.ts'
import { isOwnHost, isOwnOrigin } from './origin.ts'
import { strangerPage, welcomePage } from './pages.ts'
import type { Sessions } from './sessions.ts'

/** What the doors of one served console have in common. */
export interface Premises {
  readonly files: RendererFiles
  readonly sessions: Sessions
  /** The port we listen on. */
  readonly port: number
}

/** Answers plain requests: the token's exchange, the question whether a session stands, and the files. */
export function answerHttp(premises: Premises, request: IncomingMessage, response: ServerResponse): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (!isOwnHost(request.headers.host)) return end(response, 421)
  if (request.headers.origin !== undefined && !isOwnOrigin(request.headers)) return end(response, 403)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return end(response, 405)
  }
  const [path = '/', query] = (request.url ?? '/').split('?', 2)
  const token = path === '/' ? new URLSearchParams(query).get('token') : null
  if (token !== null) return exchangeToken(premises, token, response)
  if (!isSignedIn(premises, request)) return endWithPage(response, 401, strangerPage)
  if (path === '/session') return end(response, 204)
  answerFile(premises.files, path, request, response)
}

/** Whether the request carries a session of ours. */
export function isSignedIn({ sessions, port }: Premises, request: IncomingMessage): boolean {
  return sessions.isKnown(sessionOf(port, request.headers.cookie))
}

const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/**
 * A page that goes on to `/` by itself, instead of a redirect: followed from a link in a web terminal, a
 * redirect would still count as coming from that other site, and a strict cookie would not be sent with it.
 */
function exchangeToken({ sessions, port }: Premises, token: string, response: ServerResponse): void {
  const exchange = sessions.exchange(token)
  if (exchange === 'too-many') {
    response.setHeader('Retry-After', '60')
    return end(response, 429)
  }
  if (exchange === 'wrong') return endWithPage(response, 401, strangerPage)
  response.setHeader('Set-Cookie', sessionCookie(port, exchange.session))
  endWithPage(response, 200, welcomePage)
}

function answerFile(
  files: RendererFiles,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const file = files.get(path)
  if (file === undefined) return end(response, 404)
  response.setHeader('Cache-Control', 'no-cache')
  response.setHeader('ETag', file.etag)
  if (request.headers['if-none-match'] === file.etag) return end(response, 304)
  response.setHeader('Content-Type', file.type)
  response.setHeader('Content-Length', file.body.length)
  response.end(request.method === 'HEAD' ? undefined : file.body)
}

function endWithPage(response: ServerResponse, status: number, page: string): void {
  response.setHeader('Cache-Control', 'no-store')
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  response.statusCode = status
  response.end(page)
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status
  response.end()
}
