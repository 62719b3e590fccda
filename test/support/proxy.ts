import { connect, createServer, type Socket } from 'node:net'
import { freePort } from './free-port.ts'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Bytes on their way to the server, oldest first, with the time they may go. */
  readonly upstream: Flow
  readonly downstream: Flow
  /** What the server has sent and is still on its way, oldest first. */
  readonly delayed: { readonly chunk: Buffer; readonly at: number }[]
}

interface Flow {
  readonly held: Buffer[]
  ended: boolean
  /** One byte of the next chunk is to be another one. */
  spoilt: boolean
}

/** A wire between a client and a server that can be slow, stand still, or break. */
export interface Proxy {
  readonly port: number
  /** Milliseconds that every byte takes from the server to the client. */
  delayMs: number
  /**
   * From now on nothing passes on the connections there are; new ones are not held. What the client has sent is
   * delivered by `release`, even if the client is gone by then.
   */
  hold(): void
  release(): void
  /** Breaks every connection at once. */
  cut(): void
  /** On every connection there is, one byte of what passes next is another one at its end; on both ways, or only one. */
  corrupt(way?: 'to-client'): void
  /** New connections lead to another port. */
  leadTo(serverPort: number): void
  /** Refuses new connections while true. */
  closed: boolean
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a wire to a port of 127.0.0.1. */
export async function startProxy(serverPort: number): Promise<Proxy> {
  const port = await freePort()
  const pairs = new Set<Pair>()
  const held = new Set<Pair>()
  const proxy = { delayMs: 0, closed: false }
  let leadsTo = serverPort

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (proxy.closed) {
      client.destroy()
      return
    }
    const server = connect({ port: leadsTo, host: '127.0.0.1', allowHalfOpen: true })
    client.setNoDelay(true)
    server.setNoDelay(true)
    const pair: Pair = {
      client,
      server,
      upstream: { held: [], ended: false, spoilt: false },
      downstream: { held: [], ended: false, spoilt: false },
      delayed: [],
    }
    pairs.add(pair)
    client.on('data', (chunk) => {
      spoil(pair.upstream, chunk)
      if (held.has(pair)) pair.upstream.held.push(chunk)
      else server.write(chunk)
    })
    server.on('data', (chunk) => {
      spoil(pair.downstream, chunk)
      if (held.has(pair)) pair.downstream.held.push(chunk)
      else later(pair, chunk)
    })
    const clientGone = (): void => {
      pair.upstream.ended = true
      if (!held.has(pair)) end(pair)
    }
    client.on('end', clientGone)
    client.on('close', clientGone)
    client.on('error', () => undefined)
    server.on('end', () => {
      pair.downstream.ended = true
      if (!held.has(pair)) passEnd(pair)
    })
    server.on('close', () => end(pair))
    server.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve))

  /** No byte overtakes another, also where the delay has become shorter in between. */
  function later(pair: Pair, chunk: Buffer): void {
    const { client, delayed } = pair
    if (proxy.delayMs === 0 && delayed.length === 0) {
      client.write(chunk)
      return
    }
    delayed.push({ chunk, at: performance.now() + proxy.delayMs })
    if (delayed.length === 1) setTimeout(() => deliver(pair), proxy.delayMs)
  }

  function deliver(pair: Pair): void {
    const { client, delayed } = pair
    while (delayed.length > 0 && delayed[0]!.at <= performance.now() + 1) {
      const { chunk } = delayed.shift()!
      if (!client.destroyed) client.write(chunk)
    }
    if (delayed.length > 0) setTimeout(() => deliver(pair), Math.max(0, delayed[0]!.at - performance.now()))
    else passEnd(pair)
  }

  /** The client is told of the server's end once it has all that the server said before. */
  function passEnd({ client, delayed, downstream }: Pair): void {
    if (downstream.ended && delayed.length === 0) client.end()
  }

  function end(pair: Pair): void {
    pairs.delete(pair)
    held.delete(pair)
    pair.client.destroy()
    pair.server.destroy()
  }

  return Object.assign(proxy, {
    port,
    hold() {
      for (const pair of pairs) held.add(pair)
    },
    release() {
      for (const pair of [...held]) {
        held.delete(pair)
        for (const chunk of pair.upstream.held.splice(0)) pair.server.write(chunk)
        for (const chunk of pair.downstream.held.splice(0)) later(pair, chunk)
        passEnd(pair)
        if (pair.upstream.ended) pair.server.end(() => setTimeout(() => end(pair), 200))
      }
    },
    cut() {
      for (const pair of [...pairs]) end(pair)
    },
    corrupt(way?: 'to-client') {
      for (const { upstream, downstream } of pairs) {
        upstream.spoilt = way === undefined
        downstream.spoilt = true
      }
    },
    leadTo(to: number) {
      leadsTo = to
    },
    async [Symbol.asyncDispose]() {
      for (const pair of [...pairs]) end(pair)
      await new Promise<void>((resolve) => listener.close(() => resolve()))
    },
  })
}

function spoil(flow: Flow, chunk: Buffer): void {
  if (!flow.spoilt || chunk.length === 0) return
  const at = Math.floor(chunk.length / 2)
  chunk[at] = chunk[at]! ^ 1
  flow.spoilt = false
}
