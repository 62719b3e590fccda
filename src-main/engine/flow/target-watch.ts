import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '#contract/connection.ts'
import { FailureError } from '#contract/failure.ts'
import { parseInfo } from '../redis/info.ts'
import { readTopology } from '../redis/topology.ts'
import { Link, type OpenOptions } from '../resp/link.ts'
import { ClusterLinks } from '../target/cluster-links.ts'
import type { TargetHealth } from './back-off.ts'
import type { Throttle } from './throttle.ts'

const lookEveryMs = 1_000
/** After so many looks the servers are sought anew: a cluster's masters change. */
const looksUntilSought = 30
/** Round trips in one look; the middle one counts, so that one hiccup is none of the target's suffering. */
const pings = 3
const silenceMs = 30_000

/**
 * Looks at the target once a second, at every master of a cluster, over connections of its own, as long as the
 * throttle has a limit on latency, and tells it of the server that is worst off. Ends with `signal`. What cannot be
 * looked at is left to those who write to it.
 */
export async function watchTarget(
  target: Connection,
  throttle: Throttle,
  signal: AbortSignal,
): Promise<void> {
  const options: OpenOptions = { signal, silenceMs, name: 'keyferry:watch' }
  let links: readonly Link[] = []
  let looks = 0
  const forget = (): void => {
    for (const link of links) link.close()
    links = []
    looks = 0
  }
  // Whatever is being asked then is not waited for.
  signal.addEventListener('abort', forget, { once: true })
  while (!signal.aborted) {
    if (throttle.limits.latencyMs === undefined || looks === looksUntilSought) forget()
    try {
      if (throttle.limits.latencyMs !== undefined) {
        if (looks === 0) links = await openServers(target, options)
        const seen = await Promise.all(links.map((link) => lookAt(link, target)))
        throttle.look({
          latencyMs: Math.max(...seen.map(({ latencyMs }) => latencyMs)),
          memoryShare: Math.max(...seen.map(({ memoryShare }) => memoryShare)),
        })
        looks += 1
      }
    } catch (thrown) {
      if (!(thrown instanceof FailureError)) throw thrown
      forget()
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
  }
  forget()
}

async function openServers(target: Connection, options: OpenOptions): Promise<readonly Link[]> {
  const link = await Link.open(target, options)
  if (target.proxy === true) return [link]
  const info = await link.call(['INFO', 'cluster'])
  if (!Buffer.isBuffer(info) || !/^cluster_enabled:1/m.test(info.toString())) return [link]
  using _asked = link
  return (await ClusterLinks.open(target, await readTopology(link, target), options)).links
}

/** What stands behind a proxy cannot be asked for its memory: it would close the connection. */
async function lookAt(link: Link, { proxy }: Connection): Promise<TargetHealth> {
  return {
    latencyMs: await roundTripMs(link),
    memoryShare: proxy === true ? 0 : await memoryShare(link),
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
