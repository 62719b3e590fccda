import type { IncomingMessage, ServerResponse } from 'node:http'
import { contentSecurityPolicy, type RendererFiles } from '#console/renderer-files.ts'
import { endedCookie, sessionCookie, sessionOf } from './cookie.ts'
import type { Listening } from './listening.ts'
import { isOwnOrigin } from './origin.ts'
import { strangerPage, welcomePage } from './pages.ts'
import type { Sessions } from './sessions.ts'

/** What the doors of one served console have in common. */
export interface Premises extends Pick<Listening, 'scheme' | 'isOwnHost'> {
  readonly files: RendererFiles
  readonly sessions: Sessions
  /** The port we listen on. */
  readonly port: number
}

/** Answers plain requests: the token's exchange, the question whether a session stands, and the files. */
export function answerHttp(premises: Premises, request: IncomingMessage, response: ServerResponse): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (!premises.isOwnHost(request.headers.host)) return end(response, 421)
  if (request.headers.origin !== undefined && !isFromUs(premises, request)) return end(response, 403)
  if (request.method === 'DELETE') return signOut(premises, request, response)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD, DELETE')
    return end(response, 405)
  }
  const [path = '/', query] = (request.url ?? '/').split('?', 2)
  const token = path === '/' ? new URLSearchParams(query).get('token') : null
  if (token !== null) return exchangeToken(premises, token, response)
  if (!isSignedIn(premises, request)) return endWithPage(response, 401, strangerPage)
  // Asked again and again by a page that nobody may be looking at: no use of the session.
  if (path === '/session') return end(response, 204)
  premises.sessions.use(sessionIn(premises, request) ?? '')
  answerFile(premises.files, path, request, response)
}

/** Whether the request carries a session of ours. */
export function isSignedIn(premises: Premises, request: IncomingMessage): boolean {
  return premises.sessions.isKnown(sessionIn(premises, request))
}

/** The session that a request carries, known or not. */
export function sessionIn({ port }: Premises, request: IncomingMessage): string | undefined {
  return sessionOf(port, request.headers.cookie)
}

/** Whether a page of ours asks. */
export function isFromUs({ isOwnHost, scheme }: Premises, request: IncomingMessage): boolean {
  return isOwnOrigin(request.headers, isOwnHost, scheme)
}

/** `DELETE /session`, of a page of ours: this browser's session ends, or with `?all` everybody's. */
function signOut(premises: Premises, request: IncomingMessage, response: ServerResponse): void {
  const [path, query] = (request.url ?? '/').split('?', 2)
  if (path !== '/session') return end(response, 404)
  if (!isFromUs(premises, request)) return end(response, 403)
  const session = sessionIn(premises, request)
  if (session === undefined || !premises.sessions.isKnown(session)) return end(response, 401)
  if (query === 'all') premises.sessions.endAll()
  else premises.sessions.end(session)
  response.setHeader('Set-Cookie', endedCookie(premises.port))
  end(response, 204)
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
function exchangeToken({ sessions, port, scheme }: Premises, token: string, response: ServerResponse): void {
  const exchange = sessions.exchange(token)
  if (exchange === 'too-many') {
    response.setHeader('Retry-After', '60')
    return end(response, 429)
  }
  if (exchange === 'wrong') return endWithPage(response, 401, strangerPage)
  response.setHeader('Set-Cookie', sessionCookie(port, exchange.session, scheme === 'https'))
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
