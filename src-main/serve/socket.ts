import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Channel } from '#console/door.ts'
import { isFromUs, isSignedIn, sessionIn, type Premises } from './http.ts'

/** Bytes of the largest frame a browser may send; the largest call of the contract is far smaller. */
const largestFrame = 1024 * 1024
const heartbeatMs = 20_000
/** RFC 6455, 7.4.1: a message that breaks the endpoint's policy. */
const policyViolation = 1008

/** The WebSocket door at `/rpc`. */
export interface SocketDoor {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends every connection at once. */
  close(): void
}

export function createSocketDoor(premises: Premises, admit: (channel: Channel) => void): SocketDoor {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: largestFrame,
    perMessageDeflate: false,
    clientTracking: true,
  })
  const answering = new WeakSet<WebSocket>()
  /** In whose name each speaks. */
  const sessionOf = new WeakMap<WebSocket, string>()
  const endSessions = (): void => {
    for (const socket of server.clients)
      if (!premises.sessions.isKnown(sessionOf.get(socket))) socket.close(policyViolation)
  }
  premises.sessions.onEnd(endSessions)
  const heartbeat = setInterval(() => {
    endSessions()
    for (const socket of server.clients) {
      if (answering.delete(socket)) socket.ping()
      else socket.terminate()
    }
  }, heartbeatMs)
  heartbeat.unref()

  return {
    upgrade(request, socket, head) {
      const refusal = whyRefused(premises, request)
      if (refusal !== null) {
        socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
        return
      }
      server.handleUpgrade(request, socket, head, (webSocket) => {
        answering.add(webSocket)
        const session = sessionIn(premises, request) ?? ''
        sessionOf.set(webSocket, session)
        webSocket.on('message', (frame: Buffer) => {
          if (!isUnattended(frame)) premises.sessions.use(session)
        })
        webSocket.on('pong', () => answering.add(webSocket))
        admit(channelOf(webSocket))
      })
    },
    close() {
      clearInterval(heartbeat)
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

function whyRefused(premises: Premises, request: IncomingMessage): string | null {
  if (request.url !== '/rpc') return '404 Not Found'
  if (!isFromUs(premises, request)) return '403 Forbidden'
  if (!isSignedIn(premises, request)) return '401 Unauthorized'
  return null
}

/** What a page asks for again and again while it is open, whoever looks at it: no use of its session. */
const unattended = '/tasks/history'

function isUnattended(frame: Buffer): boolean {
  try {
    const { p: call } = JSON.parse(frame.toString()) as { readonly p?: { readonly u?: unknown } }
    return call?.u === unattended
  } catch {
    return false
  }
}

function channelOf(socket: WebSocket): Channel {
  // A broken frame closes the connection by itself; without a listener it would end the process.
  socket.on('error', () => undefined)
  return {
    // Told when the frame has left this process, so a browser that reads slowly is written to slowly.
    send: (frame) => new Promise((resolve) => socket.send(frame, () => resolve())),
    onFrame: (heard) =>
      socket.on('message', (data: Buffer, isBinary) => heard(isBinary ? data : data.toString())),
    onClose: (heard) => socket.on('close', heard),
    refuse: () => socket.close(policyViolation),
  }
}
