import { nodeConnection, type Connection } from '#contract/connection.ts'
import type { EndpointView } from '#contract/profile.ts'
import { secretPlace } from '#contract/secrets.ts'
import { hostAndPort, type OtherServer } from '#contract/tunnel.ts'
import type { Problem } from './connection-draft.svelte.ts'
import { ConnectionTest } from './connection-test.svelte.ts'
import { isPort } from './port.ts'
import type { WayDraft } from './way-draft.svelte.ts'

/** One more server of the same side, as it is being typed. */
export class OtherServerDraft {
  readonly test = new ConnectionTest()
  host = $state('')
  port = $state('6379')
  /** It is signed in to by an account of its own, not by the first server's. */
  own = $state(false)
  username = $state('')
  password = $state('')

  constructor(saved?: OtherServer) {
    if (saved === undefined) return
    this.host = saved.host
    this.port = String(saved.port)
    this.own = saved.account !== undefined
    this.username = saved.account?.username ?? ''
  }

  /** Where its password belongs. */
  get place(): string {
    return secretPlace.other(this.#at)
  }

  get #at(): { readonly host: string; readonly port: number } {
    return { host: this.host.trim(), port: Number(this.port) }
  }

  get server(): OtherServer {
    return { ...this.#at, ...(this.own && { account: this.#account }) }
  }

  get #account(): NonNullable<OtherServer['account']> {
    const username = this.username.trim()
    return { ...(username !== '' && { username }), ...(this.password !== '' && { password: this.password }) }
  }

  /** How it is reached, beside the first server of its side. */
  connectionBeside(first: Connection): Connection {
    const same = nodeConnection(first, this.#at.host, this.#at.port)
    if (!this.own) return same
    const { username: _user, password: _password, ...reach } = same
    return { ...reach, ...this.#account }
  }

  get address(): string {
    return hostAndPort(this.#at)
  }
}

/** The servers of a side beside the first, as they are being typed. `key` begins the ids of their fields. */
export class OtherServersDraft {
  readonly key: string
  readonly #way: WayDraft
  list = $state<OtherServerDraft[]>([])

  constructor(key: string, way: WayDraft) {
    this.key = key
    this.#way = way
  }

  /** As they are typed, with the passwords. */
  get servers(): OtherServer[] {
    return this.list.map(({ server }) => server)
  }

  add(): void {
    this.list.push(new OtherServerDraft())
  }

  remove(index: number): void {
    this.list.splice(index, 1)
  }

  /** The profile keeps its password sealed; it is not known here. */
  isStored(server: OtherServerDraft): boolean {
    return server.own && this.#way.isStored(server.place)
  }

  replacePassword(server: OtherServerDraft): void {
    this.#way.replaceStored(server.place)
    server.password = ''
  }

  /** `first`: the address of the server they stand beside. */
  problemsBeside(first: string): readonly Problem[] {
    return this.list.flatMap((server, index): readonly Problem[] => {
      const id = `${this.key}-other-${index}`
      if (server.host.trim() === '') return [{ field: `${id}-host`, word: 'connection.host.missing' }]
      if (!isPort(server.port)) return [{ field: `${id}-port`, word: 'connection.port.wrong' }]
      const named = [first, ...this.list.slice(0, index).map(({ address }) => address)]
      return named.includes(server.address) ? [{ field: `${id}-host`, word: 'others.twice' }] : []
    })
  }

  /** Passwords typed here, by their places. */
  get typed(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.list
        .filter(({ own, password }) => own && password !== '')
        .map(({ place, password }) => [place, password]),
    )
  }

  open({ others = [] }: Pick<EndpointView, 'others'>): void {
    this.list = others.map((saved) => new OtherServerDraft(saved))
  }

  /** After saving: what is now kept sealed is forgotten here. */
  keptAs(): void {
    for (const server of this.list) if (this.isStored(server)) server.password = ''
  }
}
