import { createORPCClient, ORPCError, type ClientLink, type ClientOptions } from '@orpc/client'
import { RPCLink as PortLink } from '@orpc/client/message-port'
import { RPCLink as SocketLink } from '@orpc/client/websocket'
import { getEventIteratorSchemaDetails, isContractProcedure, type ContractRouterClient } from '@orpc/contract'
import { contract } from '#contract/api.ts'
import { makeFailure, toFailure } from '#contract/failure.ts'

/**
 * The host as the window sees it. Every call answers `{ ok }` or `{ failed }` and does not throw, except for
 * the reason of the caller's own aborted signal. A call made while the host is away waits for it; one that was
 * under way when it went away answers `console.lost`, and every one answers `console.signed-out` while the host
 * does not know this browser. A subscription outlives a lost connection: it is made anew, and as each begins
 * with the newest state, nothing is missed; it ends quietly when its signal is aborted.
 */
export type ConsoleClient = ContractRouterClient<typeof contract>

/**
 * - `connecting`: not yet reached since the page was opened
 * - `lost`: was connected, is trying again
 * - `signed-out`: the host does not know this browser (any more); once a new address of it was opened, in whatever tab,
 *   the connection is made again
 */
export type ConnectionState = 'connecting' | 'connected' | 'lost' | 'signed-out'

export interface ConsoleConnection {
  readonly client: ConsoleClient
  readonly state: ConnectionState
  /** Calls `heard` on every change of `state`; the returned function ends that. */
  onState(heard: (state: ConnectionState) => void): () => void
  /** Ends this browser's session, or everybody's; null where there are no sessions. */
  readonly signOut: ((whose: 'this' | 'all') => Promise<void>) | null
}

/** Connects to the host this page came from: through the window's message port, or a WebSocket. */
export function connectConsole(): ConsoleConnection {
  return location.protocol === 'app:' ? connectPort() : connectSocket()
}

type CallOptions = ClientOptions<Record<never, never>>
type Link = ClientLink<Record<never, never>>
/** What carries calls now: waits while the host is away, null once it has signed this browser out. */
type LinkSource = () => Promise<Link | null>

/** The preload script hands this message's port on to the main process; the window gets nothing else. */
function connectPort(): ConsoleConnection {
  const { port1, port2 } = new MessageChannel()
  const link = new PortLink({ port: port1 })
  port1.start()
  window.postMessage('keyferry:connect', location.origin, [port2])
  return {
    client: createClient(() => Promise.resolve(link)),
    state: 'connected',
    onState: () => () => undefined,
    signOut: null,
  }
}

const firstRetryMs = 250
const lastRetryMs = 4000
/** As often a page whose session has ended looks whether there is a new one. */
const signedInAgainMs = 2000

function connectSocket(): ConsoleConnection {
  const listeners = new Set<(state: ConnectionState) => void>()
  let state: ConnectionState = 'connecting'
  let retryMs = firstRetryMs
  let { promise: link, resolve: linked } = Promise.withResolvers<Link | null>()

  const become = (next: ConnectionState): void => {
    if (state === next) return
    state = next
    for (const heard of listeners) heard(next)
  }

  const open = (): void => {
    const socket = new WebSocket(new URL('rpc', location.href.replace(/^http/, 'ws')))
    // Heard before the link's own listener ends its calls, so that a call made anew waits for the next link.
    socket.addEventListener('close', () => {
      if (state === 'connected') {
        ;({ promise: link, resolve: linked } = Promise.withResolvers<Link | null>())
        become('lost')
      }
      void retry()
    })
    const socketLink = new SocketLink({ websocket: socket })
    socket.addEventListener('open', () => {
      retryMs = firstRetryMs
      linked(socketLink)
      become('connected')
    })
  }

  const retry = async (): Promise<void> => {
    if (await isSignedOut()) {
      linked(null)
      become('signed-out')
      do await sleep(signedInAgainMs)
      while (await isSignedOut())
      ;({ promise: link, resolve: linked } = Promise.withResolvers<Link | null>())
      become('lost')
    }
    setTimeout(open, retryMs)
    retryMs = Math.min(retryMs * 2, lastRetryMs)
  }

  open()
  return {
    client: createClient(() => link),
    get state() {
      return state
    },
    onState(heard) {
      listeners.add(heard)
      return () => listeners.delete(heard)
    },
    async signOut(whose) {
      await fetch(new URL(whose === 'all' ? 'session?all' : 'session', location.href), { method: 'DELETE' })
    },
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A refused WebSocket does not say why; the same door answers a plain request with its reason. */
async function isSignedOut(): Promise<boolean> {
  try {
    const answer = await fetch(new URL('session', location.href))
    return answer.status === 401
  } catch {
    return false
  }
}

function createClient(linkNow: LinkSource): ConsoleClient {
  return createORPCClient<ConsoleClient>({
    call: (path, input, options) =>
      answersInStream(path)
        ? Promise.resolve(subscribe(linkNow, path, input, options))
        : callOnce(linkNow, path, input, options),
  })
}

async function callOnce(
  linkNow: LinkSource,
  path: readonly string[],
  input: unknown,
  options: CallOptions,
): Promise<unknown> {
  const link = await untilAborted(linkNow(), options.signal)
  if (link === null) return { failed: makeFailure('console.signed-out') }
  try {
    return await link.call(path, input, options)
  } catch (thrown) {
    options.signal?.throwIfAborted()
    return { failed: thrown instanceof ORPCError ? toFailure(thrown) : makeFailure('console.lost') }
  }
}

async function* subscribe(
  linkNow: LinkSource,
  path: readonly string[],
  input: unknown,
  options: CallOptions,
): AsyncGenerator<unknown, void, void> {
  for (;;) {
    try {
      const link = await untilAborted(linkNow(), options.signal)
      if (link === null) {
        await sleep(signedInAgainMs)
        if (options.signal?.aborted) return
        continue
      }
      yield* (await link.call(path, input, options)) as AsyncIterable<unknown>
      return
    } catch (thrown) {
      if (options.signal?.aborted) return
      if (thrown instanceof ORPCError) {
        yield { failed: toFailure(thrown) }
        return
      }
      await sleep(firstRetryMs)
    }
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function answersInStream(path: readonly string[]): boolean {
  let at: unknown = contract
  for (const name of path) at = (at as Readonly<Record<string, unknown>>)[name]
  return isContractProcedure(at) && getEventIteratorSchemaDetails(at['~orpc'].outputSchema) !== undefined
}
