import { request, type RequestOptions } from 'node:http'
import { Agent, type AgentOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { fail } from '#contract/failure.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy the environment names for a URL: `https_proxy`, `http_proxy` or `all_proxy`, in either case, unless
 * `no_proxy` has the host. Fails with `usage.invalid` where it is not an `http://` one.
 */
export function proxyOf(url: URL, environment: Environment): URL | null {
  const read = (name: string): string => environment[name] ?? environment[name.toUpperCase()] ?? ''
  if (isExempt(url, read('no_proxy'))) return null
  const name = `${url.protocol.slice(0, -1)}_proxy`
  const text = read(name) || read('all_proxy')
  if (text === '') return null
  const address = text.includes('://') ? text : `http://${text}`
  if (!/^http:/i.test(address) || !URL.canParse(address))
    return fail('usage.invalid', { field: name, reason: 'only proxies with http:// are known' })
  return new URL(address)
}

/** `*`, or hosts and ends of hosts with commas between them, with or without a port. */
function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const here = port === '' ? (protocol === 'https:' ? '443' : '80') : port
  return list.split(/[\s,]+/).some((entry) => {
    const [, name = '', only] = /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
    if (entry === '*') return true
    return name !== '' && (only ?? here) === here && `.${hostname}`.endsWith(`.${name}`)
  })
}

/** What of a request for `url` is different where it goes through a proxy. */
export function throughProxy(url: URL, proxy: URL | null): RequestOptions {
  if (proxy === null) return {}
  if (url.protocol === 'https:') return { agent: new TunnelAgent(proxy) }
  const whole = new URL(url)
  whole.username = whole.password = whole.hash = ''
  return {
    hostname: proxy.hostname,
    port: proxy.port || 80,
    path: whole.href,
    headers: { host: url.host, ...authorization(proxy) },
  }
}

/** Reaches a server by a tunnel through a proxy (RFC 9110, CONNECT), with TLS from end to end inside it. */
class TunnelAgent extends Agent {
  readonly #proxy: URL

  constructor(proxy: URL) {
    super({ keepAlive: false })
    this.#proxy = proxy
  }

  override createConnection(
    options: AgentOptions & ConnectionOptions,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const goal = `${options.host}:${options.port}`
    const tunnel = request({
      hostname: this.#proxy.hostname,
      port: this.#proxy.port || 80,
      method: 'CONNECT',
      path: goal,
      headers: { host: goal, ...authorization(this.#proxy) },
      agent: false,
    })
    const refuse = (error: Error): void => done?.(error, undefined as never)
    tunnel.once('error', refuse)
    tunnel.once('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) done?.(null, connectTls({ ...options, socket }))
      else {
        socket.destroy()
        refuse(Object.assign(new Error(`the proxy answered ${statusCode}`), { code: 'ECONNREFUSED' }))
      }
    })
    tunnel.end()
  }
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` }
}
