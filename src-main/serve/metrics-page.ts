import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isThisMachine } from './origin.ts'

/** A page of figures being served. */
export interface MetricsPage extends AsyncDisposable {
  readonly url: string
}

const loopback = '127.0.0.1'

/**
 * Serves what `read` gives as Prometheus fetches it, to this machine only and without a session: whoever collects
 * figures cannot sign in, and they bear no secrets. Rejects with the system's own error where the port is taken.
 */
export async function serveMetrics(port: number, read: () => Promise<string>): Promise<MetricsPage> {
  const server = createServer((request, response) => {
    const end = (status: number, text = ''): void => void response.writeHead(status).end(text)
    response.setHeader('X-Content-Type-Options', 'nosniff')
    if (!isThisMachine(request.headers.host)) return end(421)
    if (request.url !== '/metrics') return end(404)
    if (request.method !== 'GET') return end(405)
    read().then(
      (text) => {
        response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
        end(200, text)
      },
      () => end(500),
    )
  })
  server.listen(port, loopback)
  await once(server, 'listening')
  return {
    url: `http://${loopback}:${(server.address() as AddressInfo).port}/metrics`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
