import type { EndpointView } from '#contract/profile.ts'
import { secretPlace, secretsOf, type Secrets } from '#contract/secrets.ts'
import type { Hop, Sentinel, Via } from '#contract/tunnel.ts'
import { isPort } from './port.ts'
import type { Problem } from './connection-draft.svelte.ts'

export type WayKind = 'direct' | 'ssh' | 'socks5'
export type HopSignIn = 'agent' | 'key' | 'password'

/** One SSH server of the way, as it is being typed. */
export class HopDraft {
  host = $state('')
  port = $state('22')
  username = $state('')
  signIn = $state<HopSignIn>('agent')
  keyFile = $state('')
  passphrase = $state('')
  password = $state('')

  constructor(saved?: Hop) {
    if (saved === undefined) return
    this.host = saved.host
    this.port = String(saved.port)
    this.username = saved.username
    this.signIn = saved.keyFile !== undefined ? 'key' : saved.agent ? 'agent' : 'password'
    this.keyFile = saved.keyFile ?? ''
  }

  /** Where its password belongs. */
  get place(): string {
    return secretPlace.hop({
      host: this.host.trim(),
      port: Number(this.port),
      username: this.username.trim(),
    })
  }

  /** Where the passphrase of its key belongs. */
  get keyPlace(): string {
    return secretPlace.key(this.keyFile.trim())
  }

  get hop(): Hop {
    const keyFile = this.keyFile.trim()
    return {
      host: this.host.trim(),
      port: Number(this.port),
      username: this.username.trim(),
      agent: this.signIn === 'agent',
      ...(this.signIn === 'key' && {
        keyFile,
        ...(this.passphrase !== '' && { passphrase: this.passphrase }),
      }),
      ...(this.signIn === 'password' && this.password !== '' && { password: this.password }),
    }
  }
}

/** By what way a server is reached, as it is being typed: tunnel, proxy, Sentinels. `key` begins its fields' ids. */
export class WayDraft {
  readonly key: string
  kind = $state<WayKind>('direct')
  hops = $state<HopDraft[]>([new HopDraft()])
  knownHosts = $state('')
  acceptedKeys = $state<string[]>([])
  proxyHost = $state('')
  proxyPort = $state('1080')
  proxyUser = $state('')
  proxyPassword = $state('')
  bySentinel = $state(false)
  master = $state('')
  /** `host:port`, with commas or spaces between. */
  others = $state('')
  sentinelUser = $state('')
  sentinelPassword = $state('')
  /** How the profile keeps secrets, by their places. */
  #kept = $state.raw<EndpointView['secretsKept']>({})
  #forgotten = $state.raw<readonly string[]>([])

  constructor(key: string) {
    this.key = key
  }

  get proxyPlace(): string {
    const username = this.proxyUser.trim()
    return secretPlace.proxy({
      host: this.proxyHost.trim(),
      port: Number(this.proxyPort),
      ...(username !== '' && { username }),
    })
  }

  /** Whether the profile keeps a secret of this place sealed; it is not known here. */
  isStored(place: string): boolean {
    return this.#kept[place] === 'stored' && !this.#forgotten.includes(place)
  }

  get hasStored(): boolean {
    return Object.keys(this.#kept).some((place) => this.isStored(place))
  }

  /** Another secret is to be typed. */
  replaceStored(place: string): void {
    this.#forgotten = [...this.#forgotten, place]
  }

  /** What was kept sealed for it is gone; its places. */
  forgetStored(): readonly string[] {
    const places = Object.keys(this.#kept).filter((place) => this.isStored(place))
    this.#kept = Object.fromEntries(Object.entries(this.#kept).filter(([, how]) => how !== 'stored'))
    this.#forgotten = []
    return places
  }

  get forget(): string[] {
    return [...this.#forgotten]
  }

  addHop(): void {
    this.hops.push(new HopDraft())
  }

  removeHop(index: number): void {
    this.hops.splice(index, 1)
  }

  /** Trusts a host key from now on. */
  accept(key: string): void {
    this.acceptedKeys.push(key)
  }

  /** Whether a secret of this place is neither typed nor kept. */
  lacks(place: string): boolean {
    return this.typed[place] === undefined && !this.isStored(place)
  }

  /** The field where the secret of a place is typed. */
  fieldOf(place: string): string {
    const hop = this.hops.findIndex((one) => one.place === place)
    const keyed = this.hops.findIndex((one) => one.keyPlace === place)
    if (place === secretPlace.sentinel) return `${this.key}-sentinel-password`
    if (hop >= 0) return `${this.key}-hop-${hop}-password`
    return keyed >= 0 ? `${this.key}-hop-${keyed}-passphrase` : `${this.key}-proxy-password`
  }

  /** What is wrong; a secret that is asked for later need not be typed now. */
  problemsWhere(asked: boolean): readonly Problem[] {
    return [
      ...(this.kind === 'ssh' ? this.hops.flatMap((hop, index) => this.#hopProblems(hop, index, asked)) : []),
      ...(this.kind === 'socks5' ? this.#proxyProblems() : []),
      ...(this.bySentinel ? this.#sentinelProblems() : []),
    ]
  }

  /** Absent where the server is reached directly. Only of use without problems. */
  get via(): Via | undefined {
    if (this.kind === 'direct') return undefined
    if (this.kind === 'ssh') {
      const knownHosts = this.knownHosts.trim()
      const hops = this.hops.map(({ hop }) => hop)
      const acceptedKeys = [...this.acceptedKeys]
      return { kind: 'ssh', hops, acceptedKeys, ...(knownHosts !== '' && { knownHosts }) }
    }
    const username = this.proxyUser.trim()
    return {
      kind: 'socks5',
      host: this.proxyHost.trim(),
      port: Number(this.proxyPort),
      ...(username !== '' && { username }),
      ...(username !== '' && this.proxyPassword !== '' && { password: this.proxyPassword }),
    }
  }

  get sentinel(): Sentinel | undefined {
    if (!this.bySentinel) return undefined
    const username = this.sentinelUser.trim()
    return {
      master: this.master.trim(),
      others: parseOthers(this.others) ?? [],
      ...(username !== '' && { username }),
      ...(this.sentinelPassword !== '' && { password: this.sentinelPassword }),
      ...(this.#sentinelTls !== undefined && { tls: this.#sentinelTls }),
    }
  }

  /** Every secret typed here, by its place. */
  get typed(): Secrets {
    return secretsOf({ via: this.via, sentinel: this.sentinel })
  }

  /** Kept as it was saved: the form has no field for Sentinels that speak otherwise than their servers. */
  #sentinelTls: boolean | undefined

  /** Fills the fields from a saved side. */
  open({ via, sentinel, ...saved }: Pick<EndpointView, 'via' | 'sentinel' | 'secretsKept'>): void {
    this.kind = via === null ? 'direct' : via.kind
    if (via?.kind === 'ssh') {
      this.hops = via.hops.map((hop) => new HopDraft(hop))
      this.knownHosts = via.knownHosts ?? ''
      this.acceptedKeys = [...via.acceptedKeys]
    }
    if (via?.kind === 'socks5') {
      this.proxyHost = via.host
      this.proxyPort = String(via.port)
      this.proxyUser = via.username ?? ''
    }
    this.bySentinel = sentinel !== null
    if (sentinel !== null) {
      this.master = sentinel.master
      this.others = sentinel.others.map(({ host, port }) => `${host}:${port}`).join(', ')
      this.sentinelUser = sentinel.username ?? ''
      this.#sentinelTls = sentinel.tls
    }
    this.keptAs(saved)
  }

  /** After saving: secrets now kept sealed are forgotten here; those that are asked for stay until the window closes. */
  keptAs({ secretsKept }: Pick<EndpointView, 'secretsKept'>): void {
    this.#kept = secretsKept
    this.#forgotten = []
    for (const hop of this.hops) {
      if (this.isStored(hop.place)) hop.password = ''
      if (this.isStored(hop.keyPlace)) hop.passphrase = ''
    }
    if (this.isStored(this.proxyPlace)) this.proxyPassword = ''
    if (this.isStored(secretPlace.sentinel)) this.sentinelPassword = ''
  }

  #hopProblems(hop: HopDraft, index: number, asked: boolean): readonly Problem[] {
    const field = (name: string): string => `${this.key}-hop-${index}-${name}`
    const problems: Problem[] = []
    if (hop.host.trim() === '') problems.push({ field: field('host'), word: 'way.host.missing' })
    if (!isPort(hop.port)) problems.push({ field: field('port'), word: 'connection.port.wrong' })
    if (hop.username.trim() === '') problems.push({ field: field('user'), word: 'way.user.missing' })
    if (hop.signIn === 'key' && hop.keyFile.trim() === '')
      problems.push({ field: field('key'), word: 'way.key.missing' })
    if (hop.signIn === 'password' && hop.password === '' && !asked && !this.isStored(hop.place))
      problems.push({ field: field('password'), word: 'way.password.missing' })
    return problems
  }

  #proxyProblems(): readonly Problem[] {
    const problems: Problem[] = []
    if (this.proxyHost.trim() === '')
      problems.push({ field: `${this.key}-proxy-host`, word: 'way.host.missing' })
    if (!isPort(this.proxyPort))
      problems.push({ field: `${this.key}-proxy-port`, word: 'connection.port.wrong' })
    return problems
  }

  #sentinelProblems(): readonly Problem[] {
    const problems: Problem[] = []
    if (this.master.trim() === '') problems.push({ field: `${this.key}-master`, word: 'way.master.missing' })
    if (parseOthers(this.others) === null)
      problems.push({ field: `${this.key}-others`, word: 'way.others.wrong' })
    return problems
  }
}

/** Other Sentinels: `host:port`, the port left out where it is the usual one. Null where one cannot be understood. */
function parseOthers(text: string): Sentinel['others'] | null {
  const others: Sentinel['others'] = []
  for (const one of text.split(/[\s,]+/).filter((part) => part !== '')) {
    const parts = /^(?:\[([0-9a-f:.]+)\]|([^:\s]+))(?::(\d{1,5}))?$/i.exec(one)
    const host = parts?.[1] ?? parts?.[2]
    const port = parts?.[3] ?? '26379'
    if (host === undefined || !isPort(port)) return null
    others.push({ host, port: Number(port) })
  }
  return others
}
