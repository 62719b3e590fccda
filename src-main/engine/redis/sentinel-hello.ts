import type { Connection } from '#contract/connection.ts'
import { encodeCommand } from '../resp/encode.ts'
import { Link, type OpenOptions } from '../resp/link.ts'
import type { Endpoint } from './dial-tcp.ts'

/** A Sentinel as it tells of itself every two seconds at each server it watches. */
export interface SentinelHello extends Endpoint {
  readonly id: string
  /** The name it has for the primary. */
  readonly master: string
}

const channel = '__sentinel__:hello'
/** More messages than will ever come. */
const many = 1_000_000

/**
 * Listens at a server for the Sentinels that watch it, until `enough` of them are known or `limitMs` is over.
 * A message is `ip,port,id,epoch,name,…` (sentinel.c, `sentinelSendHello`).
 */
export async function hearSentinels(
  connection: Connection,
  enough: (heard: readonly SentinelHello[]) => boolean,
  limitMs: number,
  options: OpenOptions = {},
): Promise<readonly SentinelHello[]> {
  using link = await Link.open(connection, options)
  const heard = new Map<string, SentinelHello>()
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, limitMs)
    const end = (): void => {
      clearTimeout(timer)
      resolve()
    }
    link.write(encodeCommand(['SUBSCRIBE', channel]), many, {
      reply: (message) => {
        const [kind, , text] = Array.isArray(message) ? message.map(String) : []
        const [host = '', port, id = '', , master = ''] = kind === 'message' ? (text ?? '').split(',') : []
        if (id === '') return
        heard.set(id, { host, port: Number(port), id, master })
        if (enough([...heard.values()])) end()
      },
      oks: () => undefined,
      lost: end,
    })
  })
  return [...heard.values()]
}
