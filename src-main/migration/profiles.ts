import { randomUUID } from 'node:crypto'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import {
  profileInputSchema,
  type EndpointInput,
  type EndpointView,
  type Passwords,
  type ProfileInput,
  type ProfileOptions,
  type ProfileView,
} from '#contract/profile.ts'
import { isUnderWay } from '#contract/task.ts'
import type { Store } from '#store/open.ts'
import type { ProfileRow } from '#store/profiles.ts'
import type { SecretBox } from './secrets.ts'

/** Saved migration plans. Refusals are `profile.*` and `store.*` failures. */
export interface Profiles {
  /** Latest change first. */
  list(): readonly ProfileView[]
  get(id: string): ProfileView
  save(input: ProfileInput): ProfileView
  duplicate(id: string, name: string): ProfileView
  /** Refused with `profile.in-use` while a task of it is not over. */
  remove(id: string): void
  /** How to reach one side, with its password opened; `task.password-needed` where it has to be typed. */
  connection(id: string, side: 'source' | 'target', passwords?: Passwords): Connection
}

/** What a row's `body` holds. */
interface ProfileBody {
  readonly source: EndpointView | null
  readonly target: EndpointView | null
  readonly options: ProfileOptions
}

export function createProfiles(store: Store, box: SecretBox): Profiles {
  const find = (id: string): ProfileRow => store.profiles.find(id) ?? fail('profile.not-found', { id })

  const view = (row: ProfileRow): ProfileView => ({
    id: row.id,
    name: row.name,
    ...(JSON.parse(row.body) as ProfileBody),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    openTasks: store.tasks.all().filter((task) => task.profileId === row.id && isUnderWay(task.state)).length,
  })

  const put = (row: ProfileRow): ProfileView => {
    const namesake = store.profiles.findByName(row.name)
    if (namesake !== undefined && namesake.id !== row.id) fail('profile.name-taken', { name: row.name })
    store.profiles.put(row)
    return view(row)
  }

  return {
    list: () => store.profiles.all().map(view),
    get: (id) => view(find(id)),

    save(request) {
      const input = profileInputSchema.parse(request)
      const before = input.id === undefined ? undefined : find(input.id)
      const source = keep(input.source, before?.sourceSecret ?? null, box)
      const target = keep(input.target, before?.targetSecret ?? null, box)
      const body: ProfileBody = { source: source.view, target: target.view, options: input.options }
      const now = Date.now()
      return put({
        id: before?.id ?? randomUUID(),
        name: input.name,
        body: JSON.stringify(body),
        sourceSecret: source.secret,
        targetSecret: target.secret,
        createdAt: before?.createdAt ?? now,
        updatedAt: now,
      })
    },

    duplicate(id, name) {
      const now = Date.now()
      return put({ ...find(id), id: randomUUID(), name, createdAt: now, updatedAt: now })
    },

    remove(id) {
      const { name, openTasks } = view(find(id))
      if (openTasks > 0) fail('profile.in-use', { name, tasks: openTasks })
      store.profiles.remove(id)
    },

    connection(id, side, passwords) {
      const row = find(id)
      const endpoint = view(row)[side]
      if (endpoint === null) return fail('usage.invalid', { field: side })
      const secret = side === 'source' ? row.sourceSecret : row.targetSecret
      return connectionOf(endpoint, secret, box, side, passwords)
    },
  }
}

/** What is kept of one side as it was typed: its view, and its password sealed. */
function keep(
  endpoint: EndpointInput | null,
  before: Uint8Array | null,
  box: SecretBox,
): { view: EndpointView | null; secret: Uint8Array | null } {
  if (endpoint === null) return { view: null, secret: null }
  const { password, ask } = endpoint
  const secret = ask ? null : password === undefined ? before : password === null ? null : box.seal(password)
  return {
    view: {
      host: endpoint.host,
      port: endpoint.port,
      username: endpoint.username ?? null,
      tls: endpoint.tls ?? null,
      passwordKept: ask ? 'ask' : secret === null ? 'none' : 'stored',
    },
    secret,
  }
}

/** How to reach an endpoint; a password typed for this once goes before the stored one. */
export function connectionOf(
  endpoint: EndpointView,
  secret: Uint8Array | null,
  box: SecretBox,
  side: 'source' | 'target',
  passwords: Passwords = {},
): Connection {
  const typed = passwords[side]
  if (endpoint.passwordKept === 'ask' && typed === undefined)
    fail('task.password-needed', { side, address: addressOf(endpoint) })
  const password = typed ?? (secret === null ? undefined : box.open(secret))
  return {
    host: endpoint.host,
    port: endpoint.port,
    ...(endpoint.username !== null && { username: endpoint.username }),
    ...(password !== undefined && { password }),
    ...(endpoint.tls !== null && { tls: endpoint.tls }),
  }
}
