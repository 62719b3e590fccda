import { otherServers, versionOf, type ServerBinary } from './redis-server.ts'

export interface ServerPair {
  readonly source: ServerBinary
  readonly target: ServerBinary
}

/** The one on PATH, and those at hand beside it. */
export const serversAtHand: readonly ServerBinary[] = [
  { name: 'redis', version: versionOf('redis-server'), binary: 'redis-server' },
  ...otherServers(),
]

/** Pairs such as `2.8>7.0 v9>7.0` (`v` stands for Valkey) of which both servers are at hand; says loudly which are not. */
export function pairsAtHand(wanted: string): readonly ServerPair[] {
  const pairs = wanted
    .trim()
    .split(/\s+/)
    .map((pair) => ({ pair, ends: pair.split('>').map(serverLike) }))
  const missing = pairs.flatMap(({ pair, ends }) => (ends.includes(undefined) ? [pair] : []))
  if (missing.length > 0)
    console.warn(`no servers at hand for ${missing.join(' ')}: KEYFERRY_TEST_SERVERS names none`)
  return pairs.flatMap(({ ends: [source, target] }) =>
    source === undefined || target === undefined ? [] : [{ source, target }],
  )
}

function serverLike(name: string): ServerBinary | undefined {
  const [flavour, version] = name.startsWith('v') ? ['valkey', name.slice(1)] : ['redis', name]
  return serversAtHand.find((one) => one.name === flavour && one.version.startsWith(version))
}
