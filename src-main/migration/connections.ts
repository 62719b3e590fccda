import { randomUUID } from 'node:crypto'
import { accountOf, type Connection, type ServerFacts } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import type { EndpointInput, EndpointView, Passwords } from '#contract/profile.ts'
import { freeName } from '#contract/profile-file.ts'
import {
  savedConnectionInputSchema,
  type SavedConnection,
  type SavedConnectionInput,
} from '#contract/saved-connection.ts'
import { secretsOf, withSecrets } from '#contract/secrets.ts'
import type { ConnectionRow } from '#store/connections.ts'
import type { Store } from '#store/open.ts'
import { connectionsOf, keepEndpoint, unsealSecrets, type KeptEndpoint } from './endpoint.ts'
import type { SecretBox } from './secrets.ts'

/** Connections kept under a name. Refusals are `connection.*` and `store.*` failures. */
export interface Connections {
  /** By their names. */
  list(): readonly SavedConnection[]
  save(input: SavedConnectionInput): SavedConnection
  duplicate(id: string, name: string): SavedConnection
  /** Profiles that were made with it keep what they took from it. */
  remove(id: string): void
  /** How to reach it, with its secrets opened; `task.password-needed` where one has to be typed. */
  open(id: string, passwords?: Passwords): Connection
  /** Keeps what a test has told. */
  tested(id: string, facts: ServerFacts): SavedConnection
  /** A connection whose stored secrets are left out, with those of the saved one it names, where it is the same server. */
  complete(connection: Connection): Connection
}

type Body = Pick<SavedConnection, 'reach'>

export function createConnections(store: Store, box: SecretBox): Connections {
  const find = (id: string): ConnectionRow => store.connections.find(id) ?? fail('connection.not-found')

  const view = (row: ConnectionRow, sides = sidesOfProfiles(store)): SavedConnection => {
    const { reach } = JSON.parse(row.body) as Body
    return {
      id: row.id,
      name: row.name,
      reach,
      lastTest: row.lastTest === null ? null : (JSON.parse(row.lastTest) as SavedConnection['lastTest']),
      usedBy: sides.get(accountOf(reach)) ?? [],
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
    }
  }

  const put = (row: ConnectionRow): SavedConnection => {
    const namesake = store.connections.findByName(row.name)
    if (namesake !== undefined && namesake.id !== row.id) fail('connection.name-taken', { name: row.name })
    store.connections.put(row)
    return view(row)
  }

  return {
    list() {
      const sides = sidesOfProfiles(store)
      return store.connections.all().map((row) => view(row, sides))
    },

    save(request) {
      const input = savedConnectionInputSchema.parse(request)
      const before = input.id === undefined ? undefined : find(input.id)
      if (before !== undefined && input.basedOn !== undefined && input.basedOn !== before.updatedAt)
        fail('connection.changed-meanwhile', { name: before.name })
      const kept = keepEndpoint(input.reach, before === undefined ? nothingKept : keptOf(before), box)
      const reach = kept.view ?? fail('usage.invalid', { field: 'reach' })
      const now = Date.now()
      return put({
        id: before?.id ?? randomUUID(),
        name: input.name,
        body: JSON.stringify({ reach } satisfies Body),
        secret: kept.secret,
        // What another server told says nothing of this one.
        lastTest:
          before !== undefined && accountOf(keptOf(before).view) === accountOf(reach)
            ? before.lastTest
            : null,
        createdAt: before?.createdAt ?? now,
        updatedAt: now,
      })
    },

    duplicate(id, name) {
      const now = Date.now()
      const taken = new Set(store.connections.all().map((row) => row.name))
      return put({
        ...find(id),
        id: randomUUID(),
        name: freeName(name, taken),
        createdAt: now,
        updatedAt: now,
      })
    },

    remove(id) {
      find(id)
      store.connections.remove(id)
    },

    open(id, passwords) {
      const row = find(id)
      const [connection] = connectionsOf(keptOf(row).view, row.secret, box, 'target', passwords)
      return connection
    },

    tested(id, facts) {
      return put({ ...find(id), lastTest: JSON.stringify({ at: Date.now(), facts }) })
    },

    complete({ saved, ...connection }) {
      if (saved === undefined) return connection
      const row = find(saved)
      const typed = secretsOf(connection)
      if (row.secret === null || accountOf(keptOf(row).view) !== accountOf(connection)) return connection
      return { ...withSecrets(connection, { ...unsealSecrets(row.secret, box), ...typed }), saved }
    },
  }
}

export const nothingKept: KeptEndpoint = { view: null, secret: null }

/** What a saved connection keeps, as a side of a profile would. */
function keptOf(row: ConnectionRow): { view: EndpointView; secret: Uint8Array | null } {
  return { view: (JSON.parse(row.body) as Body).reach, secret: row.secret }
}

/** What the saved connection keeps that a side was filled from; null where there is none, or the side is elsewhere. */
export function keptOfSaved(store: Store, side: EndpointInput): KeptEndpoint | null {
  const row = side.saved === undefined ? undefined : store.connections.find(side.saved)
  if (row === undefined || accountOf(keptOf(row).view) !== accountOf(side)) return null
  return keptOf(row)
}

/** The profiles by each server they have on a side. */
function sidesOfProfiles(store: Store): ReadonlyMap<string, readonly { id: string; name: string }[]> {
  const found = new Map<string, { id: string; name: string }[]>()
  for (const { id, name, body } of store.profiles.all()) {
    const { source, target } = JSON.parse(body) as Partial<Record<'source' | 'target', EndpointView | null>>
    for (const server of new Set([source, target].flatMap((side) => (side ? [accountOf(side)] : []))))
      found.set(server, [...(found.get(server) ?? []), { id, name }])
  }
  return found
}
