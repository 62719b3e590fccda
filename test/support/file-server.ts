import { createServer as createPlain, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import type { TlsFiles } from './tls-files.ts'

/** How a file server behaves; may be changed while it runs. */
export interface Manners {
  content: Buffer
  etag: string | undefined
  lastModified: string | undefined
  /** `ignore` answers with the whole file, `refuse` with 416. */
  range: 'serve' | 'ignore' | 'refuse'
  /** The connection is cut after so many bytes of a body. */
  dropAfter: number
  /** Tells no Content-Length. */
  chunked: boolean
  /** Answers instead of the file, where it gives true. */
  instead: ((request: IncomingMessage, response: ServerResponse, before: number) => boolean) | null
}

export interface FileServer extends AsyncDisposable {
  readonly url: string
  readonly manners: Manners
  /** Every request so far: its path, and its Range. */
  readonly asked: readonly { readonly path: string; readonly headers: IncomingMessage['headers'] }[]
}

/** Serves one content under every path of 127.0.0.1, over TLS where `tls` is given. */
export async function startFileServer(
  content: Buffer,
  manners: Partial<Manners> = {},
  tls?: TlsFiles,
): Promise<FileServer> {
  const behaves: Manners = {
    content,
    etag: '"one"',
    lastModified: undefined,
    range: 'serve',
    dropAfter: Infinity,
    chunked: false,
    instead: null,
    ...manners,
  }
  const asked: { path: string; headers: IncomingMessage['headers'] }[] = []
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    asked.push({ path: request.url ?? '', headers: request.headers })
    if (behaves.instead?.(request, response, asked.length - 1) !== true) serve(request, response, behaves)
  }
  const server =
    tls === undefined
      ? createPlain(answer)
      : createTls({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    manners: behaves,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function serve(request: IncomingMessage, response: ServerResponse, manners: Manners): void {
  const { content, etag, lastModified, range, dropAfter, chunked } = manners
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const condition = request.headers['if-range']
  const stale = condition !== undefined && condition !== etag && condition !== lastModified
  const start = range === 'ignore' || stale ? 0 : from
  if (etag !== undefined) response.setHeader('etag', etag)
  if (lastModified !== undefined) response.setHeader('last-modified', lastModified)
  if (start > 0 && (range === 'refuse' || start >= content.length)) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
    return
  }
  const body = content.subarray(start)
  if (!chunked) response.setHeader('content-length', body.length)
  if (start > 0) response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`)
  response.writeHead(start > 0 ? 206 : 200)
  if (body.length <= dropAfter) response.end(body)
  else response.write(body.subarray(0, dropAfter), () => setTimeout(() => request.socket.destroy(), 5))
}
