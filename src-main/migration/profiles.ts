import { randomUUID } from 'node:crypto'
import type { Connection } from '#contract/connection.ts'
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
import { freeName, readProfileFile } from '#contract/profile-file.ts'
import { statesOf } from '#contract/task-states.ts'
import type { Store } from '#store/open.ts'
import type { ProfileRow } from '#store/profiles.ts'
import { keptOfSaved } from './connections.ts'
import { connectionsOf, keepEndpoint, type KeptEndpoint } from './endpoint.ts'
import type { SecretBox } from './secrets.ts'

/** Saved migration plans. Refusals are `profile.*` and `store.*` failures. */
export interface Profiles {
  /** Latest change first. */
  list(): readonly ProfileView[]
  get(id: string): ProfileView
  save(input: ProfileInput): ProfileView
  duplicate(id: string, name: string): ProfileView
  /** A new profile of what `writeProfileFile` wrote; a name that is taken gets a number. `file` is for failures. */
  import(text: string, file: string): ProfileView
  /** Refused with `profile.in-use` while a task of it is not over. */
  remove(id: string): void
  /** How to reach the servers of one side, with their passwords opened; `task.password-needed` where one has to be typed. */
  connections(id: string, side: 'source' | 'target', passwords?: Passwords): readonly Connection[]
}

/** What a row's `body` holds. */
interface ProfileBody {
  readonly source: EndpointView | null
  readonly target: EndpointView | null
  readonly options: ProfileOptions
}

/** `onSaved` hears of every profile that is saved once more. */
export function createProfiles(store: Store, box: SecretBox, onSaved: (id: string) => void): Profiles {
  const find = (id: string): ProfileRow => store.profiles.find(id) ?? fail('profile.not-found', { id })

  const underWay = statesOf('working', 'holding', 'waiting', 'kept')
  const view = (row: ProfileRow, openTasks = store.tasks.countByProfile(underWay)): ProfileView => ({
    id: row.id,
    name: row.name,
    ...(JSON.parse(row.body) as ProfileBody),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    openTasks: openTasks.get(row.id) ?? 0,
  })

  const put = (row: ProfileRow): ProfileView => {
    const namesake = store.profiles.findByName(row.name)
    if (namesake !== undefined && namesake.id !== row.id) fail('profile.name-taken', { name: row.name })
    store.profiles.put(row)
    return view(row)
  }

  const save: Profiles['save'] = (request) => {
    const input = profileInputSchema.parse(request)
    const before = input.id === undefined ? undefined : find(input.id)
    if (before !== undefined && input.basedOn !== undefined && input.basedOn !== before.updatedAt)
      fail('profile.changed-meanwhile', { name: before.name })
    const kept = before === undefined ? null : view(before)
    const keep = (side: EndpointInput | null, ofProfile: KeptEndpoint): KeptEndpoint =>
      keepEndpoint(side, (side === null ? null : keptOfSaved(store, side)) ?? ofProfile, box)
    const source = keep(input.source, {
      view: kept?.source ?? null,
      secret: before?.sourceSecret ?? null,
    })
    const target = keep(input.target, {
      view: kept?.target ?? null,
      secret: before?.targetSecret ?? null,
    })
    const body: ProfileBody = { source: source.view, target: target.view, options: input.options }
    const now = Date.now()
    const saved = put({
      id: before?.id ?? randomUUID(),
      name: input.name,
      body: JSON.stringify(body),
      sourceSecret: source.secret,
      targetSecret: target.secret,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    })
    if (before !== undefined) onSaved(saved.id)
    return saved
  }

  return {
    list() {
      const openTasks = store.tasks.countByProfile(underWay)
      return store.profiles.all().map((row) => view(row, openTasks))
    },
    get: (id) => view(find(id)),
    save,

    import(text, file) {
      const input = readProfileFile(text, file)
      const taken = new Set(store.profiles.all().map(({ name }) => name))
      return save({ ...input, name: freeName(input.name, taken) })
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

    connections(id, side, passwords) {
      const row = find(id)
      const endpoint = view(row)[side]
      if (endpoint === null) return fail('usage.invalid', { field: side })
      const secret = side === 'source' ? row.sourceSecret : row.targetSecret
      return connectionsOf(endpoint, secret, box, side, passwords)
    },
  }
}
