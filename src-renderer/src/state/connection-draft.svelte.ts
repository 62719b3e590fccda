import { accountOf, type AccessKind, type Connection } from '#contract/connection.ts'
import type { EndpointInput, EndpointView } from '#contract/profile.ts'
import type { SavedConnection } from '#contract/saved-connection.ts'
import { hostAndPort } from '#contract/tunnel.ts'
import type { WordKey } from '../i18n/words.ts'
import { OtherServersDraft } from './other-servers.svelte.ts'
import { isPort } from './port.ts'
import { WayDraft } from './way-draft.svelte.ts'

/** What is wrong with a field, said in the language of the window. */
export interface Problem {
  readonly field: string
  readonly word: WordKey
}

/**
 * How to reach a server, as it is being typed. `key` tells its fields from those of another form on the page. What
 * follows from the fields is computed by getters: a draft outlives the components and effects that read it.
 */
export class ConnectionDraft {
  readonly key: string
  readonly way: WayDraft
  /** Of a source: more servers beside this one. */
  readonly others: OtherServersDraft
  host = $state('')
  port = $state('6379')
  username = $state('')
  password = $state('')
  encrypted = $state(false)
  verify = $state(true)
  ca = $state('')
  cert = $state('')
  certKey = $state('')
  servername = $state('')
  /** What the cloud calls the VM or instance; empty where nobody says. */
  instanceId = $state('')
  access = $state<AccessKind | ''>('')
  /** The account for which a password is kept sealed. */
  #storedFor = $state<string | null>(null)
  /** Keep none, ask for it at every check and start. */
  ask = $state(false)
  /** It was reached with these secrets before; they are not kept, and wanted again for this account. */
  #wanted = $state.raw<{ readonly account: string; readonly places: readonly string[] } | null>(null)
  /** The saved connection it was filled from, until a profile has taken over what that keeps sealed. */
  saved = $state<string | null>(null)

  constructor(key: string) {
    this.key = key
    this.way = new WayDraft(key)
    this.others = new OtherServersDraft(key, this.way)
  }

  /** A password is kept sealed for whoever is typed here; it is not known here. */
  get stored(): boolean {
    return this.#storedFor !== null && this.#storedFor === this.#account
  }

  /** Whoever is typed here. */
  get #account(): string {
    const { via = null, sentinel = null } = this.way
    const username = this.username.trim() || null
    return accountOf({ host: this.host.trim(), port: Number(this.port), username, via, sentinel })
  }

  get problems(): readonly Problem[] {
    const problems: Problem[] = []
    if (this.host.trim() === '') problems.push({ field: `${this.key}-host`, word: 'connection.host.missing' })
    if (!isPort(this.port)) problems.push({ field: `${this.key}-port`, word: 'connection.port.wrong' })
    if (this.username !== '' && this.password === '' && !this.stored)
      problems.push({ field: `${this.key}-password`, word: this.#wantsPassword })
    if (this.encrypted && (this.cert === '') !== (this.certKey === ''))
      problems.push({
        field: `${this.key}-${this.cert === '' ? 'cert' : 'cert-key'}`,
        word: 'connection.pair.missing',
      })
    return [...problems, ...this.way.problemsWhere(this.ask), ...this.#wantedProblems(problems)]
  }

  get #wantsPassword(): Problem['word'] {
    const isWanted = this.#wanted?.account === this.#account && this.#wanted.places.includes('password')
    return isWanted ? 'connection.secret.again' : 'connection.password.missing'
  }

  #wantedProblems(others: readonly Problem[]): readonly Problem[] {
    if (this.#wanted === null || this.#wanted.account !== this.#account) return []
    const missing = this.#wanted.places.filter((place) =>
      place === 'password' ? this.password === '' && !this.stored : this.way.lacks(place),
    )
    return missing
      .map((place): Problem => {
        const field = place === 'password' ? `${this.key}-password` : this.way.fieldOf(place)
        return { field, word: 'connection.secret.again' }
      })
      .filter(({ field }) => others.every((other) => other.field !== field))
  }

  /** What is wrong with the servers beside it. */
  get otherProblems(): readonly Problem[] {
    return this.others.problemsBeside(hostAndPort({ host: this.host.trim(), port: Number(this.port) }))
  }

  /** Null while something is missing. */
  get connection(): Connection | null {
    if (this.problems.length > 0) return null
    const { via, sentinel } = this.way
    return {
      host: this.host.trim(),
      port: Number(this.port),
      ...optional('username', this.username),
      ...(!this.stored && optional('password', this.password)),
      ...(this.encrypted && {
        tls: {
          verify: this.verify,
          ...optional('ca', this.ca),
          ...optional('cert', this.cert),
          ...optional('key', this.certKey),
          ...optional('servername', this.servername),
        },
      }),
      ...(via !== undefined && { via }),
      ...(sentinel !== undefined && { sentinel }),
      ...optional('instanceId', this.instanceId),
      ...(this.access !== '' && { access: this.access }),
      ...(this.saved !== null && { saved: this.saved }),
    }
  }

  /** This side as a profile saves it; null while something is missing. What is stored sealed stays as it is. */
  get endpoint(): EndpointInput | null {
    if (this.connection === null || this.otherProblems.length > 0) return null
    const others = this.others.servers
    const { password: _typed, ...reach } = this.connection
    // Left out it stays as it is kept: stored, or asked for.
    const stays = this.stored || (this.ask && this.password === '')
    return {
      ...reach,
      ...(others.length > 0 && { others }),
      ...(!stays && { password: this.password === '' ? null : this.password }),
      forget: this.way.forget,
      ask: this.ask,
    }
  }

  /** Fills the fields from a saved side. */
  open(saved: EndpointView): void {
    this.host = saved.host
    this.port = String(saved.port)
    this.username = saved.username ?? ''
    this.encrypted = saved.tls !== null
    this.verify = saved.tls?.verify ?? true
    this.ca = saved.tls?.ca ?? ''
    this.cert = saved.tls?.cert ?? ''
    this.certKey = saved.tls?.key ?? ''
    this.servername = saved.tls?.servername ?? ''
    this.instanceId = saved.instanceId ?? ''
    this.access = saved.access ?? ''
    this.way.open(saved)
    this.others.open(saved)
    this.keptAs(saved)
  }

  /** Fills the fields from a saved connection; what it keeps sealed stays with the host. */
  take({ id, reach }: Pick<SavedConnection, 'id' | 'reach'>): void {
    this.open(reach)
    this.saved = id
  }

  /** Fills the fields as they were for an earlier order; `secrets`: where some were given, which are not known any more. */
  reopen(before: Connection, secrets: readonly string[], savedOnes: readonly SavedConnection[]): void {
    const { host, port, username = null, tls = null, via = null, sentinel = null } = before
    const { instanceId, access } = before
    const reach = { host, port, username, tls, via, sentinel }
    const saved = savedOnes.find(
      ({ id, reach: kept }) => id === before.saved && accountOf(kept) === accountOf(before),
    )
    const { passwordKept = 'none', secretsKept = {} } = saved?.reach ?? {}
    this.open({
      ...reach,
      ...(instanceId !== undefined && { instanceId }),
      ...(access !== undefined && { access }),
      passwordKept,
      secretsKept,
    })
    this.saved = saved?.id ?? null
    this.#wanted = { account: accountOf(before), places: secrets }
  }

  /** After saving: a password now kept sealed is forgotten here; one that is asked for stays until the window closes. */
  keptAs(saved: EndpointView): void {
    this.saved = null
    this.#storedFor = saved.passwordKept === 'stored' ? accountOf(saved) : null
    this.ask = saved.passwordKept === 'ask' || Object.values(saved.secretsKept).includes('ask')
    this.way.keptAs(saved)
    this.others.keptAs()
    if (this.stored) this.password = ''
  }

  /** What was kept sealed for it is gone: it is to be typed again. */
  forgetStored(): void {
    const beside = this.others.list.map(({ place }) => place)
    const ofWay = this.way.forgetStored().filter((place) => !beside.includes(place))
    this.#wanted = { account: this.#account, places: [...(this.stored ? ['password'] : []), ...ofWay] }
    this.saved = null
    this.#storedFor = null
  }

  /** Some of what is needed to reach it is kept sealed by the profile and not known here. */
  get hasStored(): boolean {
    return this.stored || this.way.hasStored
  }

  /** Another password is to be typed. */
  replacePassword(): void {
    this.#storedFor = null
    this.password = ''
  }

  /** A pasted `host:port`, `[v6]:port` or `redis://` address falls into its fields. */
  spread(): void {
    const text = this.host.trim()
    const url = /^rediss?:\/\//.test(text) ? URL.parse(text) : null
    if (url !== null) {
      this.host = url.hostname.replace(/^\[|\]$/g, '')
      this.port = url.port === '' ? '6379' : url.port
      this.username = decodeURIComponent(url.username)
      this.password = decodeURIComponent(url.password)
      this.encrypted = url.protocol === 'rediss:'
      return
    }
    const pair = /^(?:\[([0-9a-f:.]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(text)
    if (pair === null) return
    this.host = pair[1] ?? pair[2] ?? ''
    this.port = pair[3] ?? ''
  }
}

function optional<K extends string>(name: K, text: string): { readonly [P in K]?: string } {
  const value = name === 'password' ? text : text.trim()
  return (value === '' ? {} : { [name]: value }) as { readonly [P in K]?: string }
}
