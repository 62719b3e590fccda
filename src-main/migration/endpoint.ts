import { accountOf, addressOf, nodeConnection, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { EndpointInput, EndpointView, Passwords } from '#contract/profile.ts'
import {
  bareWay,
  secretPlace,
  secretPlacesOf,
  secretsOf,
  withSecrets,
  type Secrets,
} from '#contract/secrets.ts'
import { hostAndPort, type OtherServer } from '#contract/tunnel.ts'
import type { SecretBox } from './secrets.ts'

/** One side of a profile as it is kept: what may be seen of it, and its secrets, sealed together. */
export interface KeptEndpoint {
  readonly view: EndpointView | null
  readonly secret: Uint8Array | null
}

/**
 * What is kept of one side as it was typed: secrets left out stay as they were, where their places are still there. What
 * was for one account at one server is not kept for another.
 */
export function keepEndpoint(
  endpoint: EndpointInput | null,
  before: KeptEndpoint,
  box: SecretBox,
): KeptEndpoint {
  if (endpoint === null) return { view: null, secret: null }
  const ask = endpoint.ask === true
  const { password: typedPassword, ...typedWay } = secretsOf(endpoint)
  const isSame = (place: string): boolean =>
    before.view !== null && holderOf(before.view, place) === holderOf(endpoint, place)
  const keptPlaces = secretPlacesOf(endpoint).filter(
    (place) =>
      before.view?.secretsKept[place] !== undefined && isSame(place) && !endpoint.forget?.includes(place),
  )
  const names = new Set([...keptPlaces, ...Object.keys(typedWay), ...(ask ? neededPlaces(endpoint) : [])])
  const kind = ask ? 'ask' : 'stored'
  const kept = ask
    ? []
    : [...keptPlaces, ...(endpoint.password === undefined && isSame('password') ? ['password'] : [])]
  const secrets: Secrets = {
    ...(before.secret !== null && kept.length > 0 && only(unsealSecrets(before.secret, box), kept)),
    ...typedWay,
    ...(typedPassword !== undefined && { password: typedPassword }),
  }
  const asksForPassword = ask && endpoint.password !== null
  return {
    view: {
      host: endpoint.host,
      port: endpoint.port,
      username: endpoint.username ?? null,
      tls: endpoint.tls ?? null,
      ...bareWay(endpoint),
      ...instanceOf(endpoint),
      passwordKept: asksForPassword ? 'ask' : !ask && 'password' in secrets ? 'stored' : 'none',
      secretsKept: Object.fromEntries(
        [...names].filter((place) => ask || place in secrets).map((place) => [place, kind] as const),
      ),
    },
    secret: ask || Object.keys(secrets).length === 0 ? null : sealSecrets(secrets, box),
  }
}

/** Both sides of a migration, as they are reached: a source may be several servers, each followed by itself. */
export interface Ends {
  readonly sources: readonly Connection[]
  readonly target: Connection
}

/**
 * How to reach the servers of an endpoint; what was typed for this once goes before what is stored. Fails with
 * `task.password-needed` where something has to be typed and was not.
 */
export function connectionsOf(
  { host, port, username, tls, via, sentinel, others = [], passwordKept, secretsKept, ...said }: EndpointView,
  secret: Uint8Array | null,
  box: SecretBox,
  side: 'source' | 'target',
  passwords: Passwords = {},
): readonly [Connection, ...Connection[]] {
  const password = passwords[side]
  const typed: Secrets = {
    ...passwords[side === 'source' ? 'sourceWay' : 'targetWay'],
    ...(password !== undefined && { password }),
  }
  const asked = Object.entries({ ...secretsKept, password: passwordKept })
  if (asked.some(([place, kept]) => kept === 'ask' && typed[place] === undefined))
    fail('task.password-needed', { side, address: addressOf({ host, port, sentinel, others }) })
  const reach = {
    host,
    port,
    ...(username !== null && { username }),
    ...(tls !== null && { tls }),
    ...(via !== null && { via }),
    ...(sentinel !== null && { sentinel }),
    ...instanceOf(said),
  }
  const secrets = { ...(secret !== null && unsealSecrets(secret, box)), ...typed }
  const first = withSecrets(reach, secrets)
  return [first, ...others.map((other) => besides(first, other, secrets[secretPlace.other(other)]))]
}

/** Another server of the same side, with its own account where it has one. */
function besides(first: Connection, { host, port, account }: OtherServer, password?: string): Connection {
  const same = nodeConnection(first, host, port)
  if (account === undefined) return same
  const { username: _user, password: _password, ...reach } = same
  return {
    ...reach,
    ...(account.username !== undefined && { username: account.username }),
    ...(password !== undefined && { password }),
  }
}

/** What a person has said of the instance, if anything. */
function instanceOf({
  instanceId,
  access,
}: Pick<EndpointInput, 'instanceId' | 'access'>): Pick<EndpointView, 'instanceId' | 'access'> {
  return { ...(instanceId !== undefined && { instanceId }), ...(access !== undefined && { access }) }
}

/** Places that are of no use without a secret: hops that are signed in to by nothing else, accounts of others. */
function neededPlaces({ via, others = [] }: EndpointInput): readonly string[] {
  const hops = via?.kind === 'ssh' ? via.hops : []
  return [
    ...hops.filter(({ agent, keyFile }) => !agent && keyFile === undefined).map(secretPlace.hop),
    ...others.filter(({ account }) => account !== undefined).map(secretPlace.other),
  ]
}

/** Whom the secret of a place is for: most places say it themselves. */
function holderOf(side: EndpointInput | EndpointView, place: string): string {
  if (place === 'password') return accountOf(side)
  if (place === secretPlace.sentinel)
    return JSON.stringify([accountOf(side), side.sentinel?.username, side.sentinel?.others.map(hostAndPort)])
  const other = side.others?.find((one) => secretPlace.other(one) === place)
  return other === undefined
    ? place
    : accountOf({ ...other, via: side.via, username: other.account?.username })
}

/** Tells a text of several secrets from one that is a password and nothing else, as they were sealed at first. */
const several = '\u0001'

function sealSecrets(secrets: Secrets, box: SecretBox): Uint8Array {
  return box.seal(several + JSON.stringify(secrets))
}

/** What was sealed together, by the places it belongs to. */
export function unsealSecrets(sealed: Uint8Array, box: SecretBox): Secrets {
  const text = box.open(sealed)
  return text.startsWith(several) ? (JSON.parse(text.slice(several.length)) as Secrets) : { password: text }
}

function only(secrets: Secrets, places: readonly string[]): Secrets {
  return Object.fromEntries(Object.entries(secrets).filter(([place]) => places.includes(place)))
}
