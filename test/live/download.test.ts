import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request as requestPlain } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { toFailure, type Failure } from '#contract/failure.ts'
import { download } from '#engine/source/download.ts'
import { LandingFile } from '#engine/source/landing-file.ts'
import { startFileServer, type Manners } from '../support/file-server.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { makeTlsFiles } from '../support/tls-files.ts'

const MiB = 1024 * 1024
const folder = mkdtempSync(join(tmpdir(), 'keyferry-download-'))
const disk = mountSmallDisk(join(folder, 'small'))
afterAll(() => {
  disk?.[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

let content: Buffer
let path: string
let waits: Failure[]
beforeEach(() => {
  content = randomBytes(5 * MiB)
  path = join(mkdtempSync(join(folder, 'one-')), 'landed')
  waits = []
})
afterEach(() => vi.unstubAllEnvs())

/** Downloads to `path`; gives the failure, or null. */
async function fetchFrom(url: string, signal = new AbortController().signal): Promise<Failure | null> {
  await using file = await LandingFile.create(path)
  try {
    await download(url, file, { signal, onProgress: () => undefined, onWait: (why) => waits.push(why) })
    return null
  } catch (thrown) {
    return toFailure(thrown)
  }
}

const landed = (): Buffer => readFileSync(path)

describe('a server that drops the connection', () => {
  test.each<[string, Partial<Manners>]>([
    ['with an ETag', {}],
    ['with Last-Modified only', { etag: undefined, lastModified: 'Tue, 10 Nov 2026 08:00:00 GMT' }],
    ['with a weak ETag', { etag: 'W/"one"' }],
    ['with neither', { etag: undefined }],
  ])('every megabyte, %s: it goes on where it was', async (_, manners) => {
    await using server = await startFileServer(content, { dropAfter: MiB, ...manners })

    expect(await fetchFrom(`${server.url}/dump.rdb`)).toBeNull()
    expect(landed().equals(content)).toBe(true)
    // What was on its way when the connection broke may be lost, and is fetched again.
    const starts = server.asked.map(({ headers }) => Number(headers.range?.slice('bytes='.length, -1) ?? 0))
    expect(starts).toEqual(starts.toSorted((a, b) => a - b))
    expect(starts[1]).toBeGreaterThan(MiB / 2)
    expect(starts.length).toBeLessThan(9)
  })

  test('and tells no length: what ends in the middle of a chunk is taken up', async () => {
    await using server = await startFileServer(content, { dropAfter: 3 * MiB, chunked: true })
    expect(await fetchFrom(server.url)).toBeNull()
    expect(landed().equals(content)).toBe(true)
  })

  test.each<[string, Manners['range']]>([
    ['has no Range', 'ignore'],
    ['answers 416', 'refuse'],
  ])('once, and %s: it is begun again', async (_, range) => {
    await using server = await startFileServer(content, { dropAfter: 2 * MiB, range })
    server.manners.instead = () => {
      if (server.asked.length > 2) server.manners.dropAfter = Infinity
      return false
    }
    expect(await fetchFrom(server.url)).toBeNull()
    expect(landed().equals(content)).toBe(true)
  })

  test.each<[string, Manners['range']]>([
    ['has no Range', 'ignore'],
    ['answers 416', 'refuse'],
  ])('always, and %s: it is given up after a few times', async (_, range) => {
    await using server = await startFileServer(content, { dropAfter: MiB, range })
    expect(await fetchFrom(server.url)).toMatchObject({ code: 'fetch.no-resume' })
    expect(server.asked.length).toBeLessThan(15)
  })
})

describe('a file that changes half-way is refused', () => {
  test.each<[string, Partial<Manners>, Partial<Manners>]>([
    ['by its ETag', {}, { etag: '"two"' }],
    [
      'by its Last-Modified',
      { etag: undefined, lastModified: 'Tue, 10 Nov 2026 08:00:00 GMT' },
      { lastModified: 'Tue, 10 Nov 2026 08:00:01 GMT' },
    ],
    ['by its size', { etag: undefined }, { content: randomBytes(6 * MiB) }],
    ['by being too short for the rest', { etag: undefined }, { content: randomBytes(MiB) }],
    ['where the server has no Range', { range: 'ignore' }, { etag: '"two"' }],
  ])('%s', async (_, before, after) => {
    await using server = await startFileServer(content, { dropAfter: 2 * MiB, ...before })
    server.manners.instead = () => {
      if (server.asked.length > 1) Object.assign(server.manners, after)
      return false
    }
    expect(await fetchFrom(`${server.url}/dump.rdb?sig=hunter2`)).toMatchObject({
      code: 'fetch.changed',
      params: { file: `${server.url}/dump.rdb` },
    })
  })
})

describe('what a server may answer instead', () => {
  test.each([
    [404, 'fetch.not-found'],
    [410, 'fetch.not-found'],
    [401, 'fetch.refused'],
    [403, 'fetch.refused'],
  ])('%d is told at once, with nothing of the signature', async (status, code) => {
    await using server = await startFileServer(content)
    server.manners.instead = (_, response) => (response.writeHead(status).end('no'), true)
    const url = new URL('/dump.rdb?sig=hunter2', server.url)
    url.username = 'me'
    url.password = 'hunter3'
    const failure = await fetchFrom(url.href)
    expect(failure).toMatchObject({ code, params: { status, file: `${server.url}/dump.rdb` } })
    expect(JSON.stringify(failure)).not.toMatch(/hunter/)
    expect(server.asked).toHaveLength(1)
    expect(server.asked[0]!.headers.authorization).toBe(`Basic ${btoa('me:hunter3')}`)
  })

  test('503 is waited for', async () => {
    await using server = await startFileServer(content)
    server.manners.instead = (_, response, before) =>
      before < 2 && (response.writeHead(503, { 'retry-after': '0' }).end(), true)
    expect(await fetchFrom(server.url)).toBeNull()
    expect(waits.map(({ params }) => params['status'])).toEqual([503, 503])
    expect(landed().equals(content)).toBe(true)
  })

  test('a redirect is followed, without the password of the first host', async () => {
    await using store = await startFileServer(content)
    await using door = await startFileServer(content)
    door.manners.instead = (_, response) => (
      response.writeHead(302, { location: `${store.url}/real?sig=1` }).end(),
      true
    )
    expect(await fetchFrom(door.url.replace('//', '//me:hunter2@'))).toBeNull()
    expect(landed().equals(content)).toBe(true)
    expect(store.asked).toMatchObject([{ path: '/real?sig=1' }])
    expect(store.asked[0]!.headers.authorization).toBeUndefined()
  })

  test.each([
    ['round and round', '/again'],
    ['to no URL of the web', 'file:///etc/passwd'],
    ['to nonsense', 'http://['],
  ])('a redirect %s is refused', async (_, location) => {
    await using server = await startFileServer(content)
    server.manners.instead = (__, response) => (response.writeHead(301, { location }).end(), true)
    expect(await fetchFrom(server.url)).toMatchObject({ code: 'fetch.redirect' })
    expect(server.asked.length).toBeLessThan(8)
  })
})

describe('TLS', () => {
  test('an authority nobody trusts is refused', async () => {
    await using server = await startFileServer(content, {}, makeTlsFiles(mkdtempSync(join(folder, 'tls-'))))
    expect(await fetchFrom(`${server.url}/dump.rdb?sig=hunter2`)).toMatchObject({
      code: 'fetch.untrusted',
      params: { file: `${server.url}/dump.rdb` },
    })
  })

  test('nothing goes on unencrypted', async () => {
    const files = makeTlsFiles(mkdtempSync(join(folder, 'tls-')))
    await using plain = await startFileServer(content)
    await using server = await startFileServer(content, {}, files)
    server.manners.instead = (_, response) => (
      response.writeHead(302, { location: `${plain.url}/x?sig=hunter2` }).end(),
      true
    )
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const failure = await fetchFrom(server.url)
    expect(failure).toMatchObject({ code: 'fetch.redirect', params: { to: `${plain.url}/x` } })
    expect(plain.asked).toHaveLength(0)
  })
})

test('nobody there is told at once', async () => {
  expect(await fetchFrom('http://127.0.0.1:1/dump.rdb')).toMatchObject({
    code: 'connect.refused',
    params: { address: '127.0.0.1:1' },
  })
  expect(waits).toEqual([])
})

test('cancelled in the middle, it ends at once', async () => {
  await using server = await startFileServer(content)
  server.manners.instead = (_, response) => {
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, MiB))
    return true
  }
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 200)
  expect(await fetchFrom(server.url, controller.signal)).toMatchObject({ code: 'job.cancelled' })
})

describe('through a proxy of the environment', () => {
  /** A proxy that forwards absolute URLs and opens tunnels; it tells what it was asked. */
  async function startForwarder(): Promise<{ url: string; asked: string[] } & AsyncDisposable> {
    const asked: string[] = []
    const sockets = new Set<Socket>()
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      requestPlain(request.url!, { headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      }).end()
    })
    server.on('connection', (socket) => sockets.add(socket))
    server.on('connect', (request, socket: Socket) => {
      asked.push(`CONNECT ${request.url}`)
      const [host, port] = request.url!.split(':')
      const onward = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        onward.pipe(socket).pipe(onward)
      })
      sockets.add(onward)
      onward.on('error', () => undefined)
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      asked,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy()
        await new Promise<void>((resolve) => server.close(() => resolve()))
      },
    }
  }

  test('plain and encrypted, unless the host is exempt', async () => {
    await using proxy = await startForwarder()
    await using plain = await startFileServer(content)
    await using secure = await startFileServer(content, {}, makeTlsFiles(mkdtempSync(join(folder, 'tls-'))))
    vi.stubEnv('http_proxy', proxy.url)
    vi.stubEnv('HTTPS_PROXY', proxy.url)
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    for (const { url } of [plain, secure]) {
      expect(await fetchFrom(`${url}/dump.rdb`)).toBeNull()
      expect(landed().equals(content)).toBe(true)
      rmSync(path)
    }
    expect(proxy.asked).toEqual([
      `GET ${plain.url}/dump.rdb`,
      `CONNECT ${secure.url.replace('https://', '')}`,
    ])
    vi.stubEnv('NO_PROXY', 'example.com, 127.0.0.1')
    expect(await fetchFrom(plain.url)).toBeNull()
    expect(proxy.asked).toHaveLength(2)
  })
})

describe('a full disk', () => {
  test.skipIf(disk === null)('is found before the first byte where the size is told', async () => {
    path = join(disk!.path, 'landed')
    await using server = await startFileServer(content)
    expect(await fetchFrom(server.url)).toMatchObject({
      code: 'file.no-room',
      params: { folder: disk!.path, needed: content.length },
    })
    expect(landed()).toHaveLength(0)
  })

  test.skipIf(disk === null)('is told when it comes to that where it is not', async () => {
    path = join(disk!.path, 'unknown')
    await using server = await startFileServer(content, { chunked: true })
    expect(await fetchFrom(server.url)).toMatchObject({
      code: 'file.no-room',
      params: { folder: disk!.path },
    })
  })
})
