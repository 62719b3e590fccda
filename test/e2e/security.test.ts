import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startServed, type Served } from '../support/serve.ts'
import { consoleForAllTests } from '../support/shared-browser.ts'

const host = consoleForAllTests()
let cookie: string

beforeAll(async () => {
  cookie = await signIn(host.served)
})

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A request with the path exactly as written: no client tidies it up. */
async function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  to = host.served,
): Promise<Answer> {
  const request = httpRequest({ host: '127.0.0.1', port: to.port, path, method, headers })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}

async function signIn(to: Served): Promise<string> {
  const { pathname, search } = new URL(await to.invite())
  const { headers } = await ask(`${pathname}${search}`, {}, 'GET', to)
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

/** How an upgrade ends: `open`, or the status it is refused with. */
async function upgrade(headers: Record<string, string>, path = '/rpc', to = host.served): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${to.port}${path}`, { headers })
  const outcome = await new Promise<string>((resolve) => {
    socket.on('open', () => resolve('open'))
    socket.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)))
    socket.on('error', (error) => resolve(error.message))
  })
  socket.on('error', () => undefined)
  socket.terminate()
  return outcome
}

async function openSocket(to = host.served, session = cookie): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${to.port}/rpc`, {
    headers: { cookie: session, origin: to.origin },
  })
  await once(socket, 'open')
  return socket
}

const capabilities = JSON.stringify({ i: '1', p: { u: '/host/capabilities' } })

async function isAnswering(to = host.served, session = cookie): Promise<boolean> {
  const socket = await openSocket(to, session)
  socket.send(capabilities)
  const [data] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  return data.toString().includes('"shell":"browser"')
}

test('only this machine is listened to, and the address printed carries the token once', async () => {
  const address = new URL(await host.served.invite())

  expect(address.hostname).toBe('127.0.0.1')
  expect(address.searchParams.get('token')).toHaveLength(43)
})

test('without a session nothing is told but how to get one', async () => {
  for (const path of ['/', '/index.html', '/assets/x.js', '/session', '/nowhere']) {
    const { status, body } = await ask(path)
    expect([path, status]).toEqual([path, 401])
    expect(body).not.toContain('script')
  }
})

test('a token is good once', async () => {
  const { pathname, search } = new URL(await host.served.invite())
  const first = await ask(`${pathname}${search}`)
  const again = await ask(`${pathname}${search}`)

  expect(first.status).toBe(200)
  expect(first.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
  expect(again.status).toBe(401)
  expect(again.headers['set-cookie']).toBeUndefined()
})

test('a page elsewhere cannot use the session, whatever name it has resolve to us', async () => {
  const elsewhere = 'http://evil.example'

  expect((await ask('/', { cookie, host: 'evil.example' })).status).toBe(421)
  expect((await ask('/', { cookie, host: `evil.example:${host.served.port}` })).status).toBe(421)
  expect((await ask('/', { cookie, origin: elsewhere })).status).toBe(403)
  expect((await ask('/session', { cookie, origin: 'null' })).status).toBe(403)
  expect(await upgrade({ cookie, origin: elsewhere })).toBe('403')
  expect(await upgrade({ cookie, origin: 'null' })).toBe('403')
  expect(await upgrade({ cookie })).toBe('403')
  expect(await upgrade({ cookie, origin: elsewhere, host: 'evil.example' })).toBe('403')
  expect(await upgrade({ cookie, origin: `http://127.0.0.1:${host.served.port + 1}` })).toBe('403')
  expect(await upgrade({ cookie, origin: host.served.origin })).toBe('open')
})

test('the socket opens for a session only, and only at its door', async () => {
  const origin = host.served.origin

  expect(await upgrade({ origin })).toBe('401')
  expect(await upgrade({ origin, cookie: `keyferry-${host.served.port}=made-up` })).toBe('401')
  expect(await upgrade({ origin, cookie }, '/')).toBe('404')
  expect(await upgrade({ origin, cookie }, '/rpc?token=x')).toBe('404')
})

test('no path leads out of the console, and folders are not listed', async () => {
  const paths = [
    '/../package.json',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/assets/../../main/serve.js',
    '/assets/..%5c..%5cmain%5cserve.js',
    '//etc/passwd',
    '/etc/passwd',
    '/assets',
    '/assets/',
    '/index.html%00.js',
    '/main/serve.js',
    '/__proto__',
    '/constructor',
  ]
  for (const path of paths) expect([path, (await ask(path, { cookie })).status]).toEqual([path, 404])
  expect((await ask('http://elsewhere/', { cookie })).status).toBe(404)
})

test('files come with a strict policy, their own type, and are asked for again only when changed', async () => {
  const page = await ask('/', { cookie })
  const tag = page.headers.etag ?? ''

  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  })
  expect(page.headers['content-security-policy']).toContain("default-src 'self'; script-src 'self'")
  expect(page.headers['access-control-allow-origin']).toBeUndefined()
  expect((await ask('/', { cookie, 'if-none-match': tag })).status).toBe(304)
  expect((await ask('/', { cookie }, 'HEAD')).body).toBe('')
  expect((await ask('/', { cookie }, 'POST')).status).toBe(405)
  expect((await ask('/', { cookie }, 'OPTIONS')).status).toBe(405)
})

test.each([
  ['no JSON', '{', 1008],
  ['binary', Buffer.from([0xff, 0x00]), 1008],
  ['deep JSON', '['.repeat(100_000), 1008],
  ['no call', JSON.stringify({ i: '1', p: { u: 'http://elsewhere/' } }), 1008],
  ['a frame too large', `"${'x'.repeat(2 * 1024 * 1024)}"`, 1009],
])('%s closes that connection and no other', async (_name, frame, code) => {
  const other = await openSocket()
  const socket = await openSocket()
  socket.send(frame)
  const [closedWith] = (await once(socket, 'close')) as [number]

  expect(closedWith).toBe(code)
  expect(other.readyState).toBe(WebSocket.OPEN)
  other.close()
  expect(await isAnswering()).toBe(true)
})

test('frames that are no frames, and half a handshake, do not end the process', async () => {
  const handshake = `GET /rpc HTTP/1.1\r\nHost: 127.0.0.1:${host.served.port}\r\nOrigin: ${host.served.origin}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`
  for (const bytes of [
    Buffer.concat([Buffer.from(handshake), Buffer.from('ffffffffffffffffffff', 'hex')]),
    Buffer.concat([Buffer.from(handshake), Buffer.from('8100', 'hex')]),
    Buffer.from(handshake.slice(0, 60)),
    Buffer.from('GET / HTTP/1.1\r\nHost: \x01\r\n\r\n'),
    Buffer.from([0x16, 0x03, 0x01, 0x00]),
  ]) {
    const socket = connect(host.served.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.resume()
    socket.end(bytes)
    await once(socket, 'close')
  }
  expect(await isAnswering()).toBe(true)
})

test('ten of ten thousand guesses are looked at, and who is signed in stays so', async () => {
  await using own = await startServed()
  const session = await signIn(own)
  const statuses = await guess(10_000, own)

  expect(statuses.slice(0, 12)).toEqual([...Array<string>(10).fill('401'), '429', '429'])
  expect(new Set(statuses.slice(10))).toEqual(new Set(['429']))
  expect(statuses).toHaveLength(10_000)
  expect((await ask(`/${new URL(await own.invite()).search}`, {}, 'GET', own)).status).toBe(429)
  expect(await isAnswering(own, session)).toBe(true)
})

/** Tries tokens one after the other over one connection, as fast as they are answered. */
async function guess(count: number, { port }: Served): Promise<readonly string[]> {
  const socket = connect(port, '127.0.0.1')
  const guesses = Array.from({ length: count }, (_, at) => {
    const last = at === count - 1 ? 'Connection: close\r\n' : ''
    return `GET /?token=guess-${at} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${last}\r\n`
  })
  socket.write(guesses.join(''))
  let answers = ''
  for await (const chunk of socket) answers += String(chunk)
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status!)
}

test('a session ends with its process', async () => {
  await using first = await startServed()
  const session = await signIn(first)
  const { port } = first
  await first.kill9()
  await using second = await startServed(port)

  expect(await upgrade({ cookie: session, origin: second.origin }, '/rpc', second)).toBe('401')
})

test('what is kept on disk is for its owner only', async () => {
  const { mode } = await stat(join(host.served.home, 'logs', 'keyferry.log'))

  expect(mode & 0o077).toBe(0)
})

test('in a browser: the token leaves the address, and another browser needs its own', async () => {
  await using console = await host.open()
  const address = console.page.url()
  await using stranger = await host.browser.newContext().then((context) => ({
    page: context.newPage(),
    [Symbol.asyncDispose]: () => context.close(),
  }))
  const refused = await (await stranger.page).goto(address)

  expect(address).toBe(`${host.served.origin}/`)
  expect(await console.context.cookies()).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }])
  expect(await console.page.evaluate(() => document.cookie)).toBe('')
  expect(refused?.status()).toBe(401)
})

test('in a browser: a site on another port cannot frame the console, read it or speak to it', async () => {
  await using console = await host.open()
  const site = createServer((_request, response) =>
    response.setHeader('Content-Type', 'text/html').end('<p>'),
  )
  site.listen(0, '127.0.0.1')
  await once(site, 'listening')
  const page = await console.context.newPage()
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`)

  const reached = await page.evaluate(async (origin) => {
    const tell = (tried: Promise<unknown>): Promise<string> =>
      tried.then(
        () => 'reached',
        () => 'refused',
      )
    const heard = (target: EventTarget, good: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        target.addEventListener(good, resolve)
        target.addEventListener('error', reject)
      })
    const picture = new Image()
    picture.src = `${origin}/`
    const frame = document.createElement('iframe')
    frame.src = `${origin}/`
    document.body.append(frame)
    return Promise.all([
      tell(fetch(`${origin}/session`, { credentials: 'include' })),
      tell(fetch(`${origin}/`, { credentials: 'include', mode: 'no-cors' })),
      tell(heard(new globalThis.WebSocket(`${origin.replace('http', 'ws')}/rpc`), 'open')),
      tell(heard(picture, 'load')),
    ])
  }, host.served.origin)

  expect(reached).toEqual(['refused', 'refused', 'refused', 'refused'])
  const framed = page.frames().find((frame) => frame !== page.mainFrame())
  expect(framed?.url()).toMatch(/^chrome-error:/)
  site.close()
  site.closeAllConnections()
})
