import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { parseInfo } from '../redis/info.ts'
import { Link } from '../resp/link.ts'
import type { TargetHealth } from './back-off.ts'
import type { Throttle } from './throttle.ts'

const lookEveryMs = 1_000
/** Round trips in one look; the middle one counts, so that one hiccup is none of the target's suffering. */
const pings = 3
const silenceMs = 30_000

/**
 * Looks at every server of the target once a second, over a connection of its own, as long as the throttle has a
 * limit on latency, and tells it of the one that is worst off. Ends with `signal`. A server that cannot be looked
 * at is left to those who write to it.
 */
export async function watchTarget(
  servers: () => readonly Connection[],
  throttle: Throttle,
  signal: AbortSignal,
): Promise<void> {
  const links = new Map<string, Link>()
  const nap = (): Promise<void> => sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
  for (; !signal.aborted; await nap()) {
    const watched = throttle.limits.latencyMs === undefined ? [] : servers()
    const seen = await Promise.all(watched.map((server) => look(server, links, signal)))
    const found = seen.filter((health) => health !== null)
    if (found.length === 0) continue
    throttle.look({
      latencyMs: Math.max(...found.map(({ latencyMs }) => latencyMs)),
      memoryShare: Math.max(...found.map(({ memoryShare }) => memoryShare)),
    })
  }
  for (const link of links.values()) link.close()
}

async function look(
  server: Connection,
  links: Map<string, Link>,
  signal: AbortSignal,
): Promise<TargetHealth | null> {
  const name = `${server.host}:${server.port}`
  try {
    const link = links.get(name) ?? (await Link.open(server, { signal, silenceMs, name: 'keyferry:watch' }))
    links.set(name, link)
    // A proxy has no memory to tell of, and may hang up on the question.
    const share = server.proxy === true ? 0 : await memoryShare(link)
    return { latencyMs: await roundTripMs(link), memoryShare: share }
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown
    links.get(name)?.close()
    links.delete(name)
    return null
  }
}

async function roundTripMs(link: Link): Promise<number> {
  const times: number[] = []
  for (let ping = 0; ping < pings; ping += 1) {
    const start = performance.now()
    await link.call(['PING'])
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[Math.floor(pings / 2)]!
}

/** `maxmemory` is told since 4.0; what has no limit, or does not tell, has room. */
async function memoryShare(link: Link): Promise<number> {
  const reply = await link.call(['INFO', 'memory'])
  const info = parseInfo(Buffer.isBuffer(reply) ? reply.toString() : '')
  const most = Number(info.get('maxmemory') ?? 0)
  return most > 0 ? Number(info.get('used_memory') ?? 0) / most : 0
}
