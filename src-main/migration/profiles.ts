import { randomUUID } from 'node:crypto'
import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import {
  profileInputSchema,
  profileOptionsSchema,
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
import { commandConsents } from './command-consent.ts'
import { keptOfSaved } from './connections.ts'
import { connectionsOf, keepEndpoint, unsealSecrets, type KeptEndpoint } from './endpoint.ts'
import type { SecretBox } from './secrets.ts'

/** Saved migration plans. Refusals are `profile.*` and `store.*` failures. */
export interface Profiles {
  /** Latest change first. */
  list(): readonly ProfileView[]
  get(id: string): ProfileView
  save(input: ProfileInput): ProfileView
  /** Changes options of one, and nothing else; `basedOn` as in `save`. */
  change(id: string, options: Partial<ProfileOptions>, basedOn: number): ProfileView
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
  const consents = commandConsents(store)
  const view = (row: ProfileRow, openTasks = store.tasks.countByProfile(underWay)): ProfileView => {
    const body = JSON.parse(row.body) as ProfileBody
    return {
      id: row.id,
      name: row.name,
      ...body,
      commandConsent: consents.of(body.options.onCutover),
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
      openTasks: openTasks.get(row.id) ?? 0,
    }
  }

  const put = (row: ProfileRow): ProfileView => {
    const namesake = store.profiles.findByName(row.name)
    if (namesake !== undefined && namesake.id !== row.id) fail('profile.name-taken', { name: row.name })
    store.profiles.put(row)
    return view(row)
  }

  const keep = (row: ProfileRow, wasThere: boolean): ProfileView => {
    const kept = put(row)
    if (wasThere) onSaved(kept.id)
    return kept
  }

  const secretsOfRow = ({ sourceSecret, targetSecret }: ProfileRow): readonly string[] =>
    [sourceSecret, targetSecret].flatMap((sealed) =>
      sealed === null ? [] : Object.values(unsealSecrets(sealed, box)),
    )

  const save: Profiles['save'] = (request) => {
    const input = profileInputSchema.parse(request)
    const before = input.id === undefined ? undefined : find(input.id)
    if (before !== undefined && input.basedOn !== undefined) demandUnchanged(before, input.basedOn)
    const kept = before === undefined ? null : view(before)
    const keepSide = (side: EndpointInput | null, ofProfile: KeptEndpoint): KeptEndpoint =>
      keepEndpoint(side, (side === null ? null : keptOfSaved(store, side)) ?? ofProfile, box)
    const source = keepSide(input.source, {
      view: kept?.source ?? null,
      secret: before?.sourceSecret ?? null,
    })
    const target = keepSide(input.target, {
      view: kept?.target ?? null,
      secret: before?.targetSecret ?? null,
    })
    const typed = [input.source, input.target].map((side) => side?.password)
    const body: ProfileBody = { source: source.view, target: target.view, options: input.options }
    const now = Date.now()
    const row = {
      id: before?.id ?? randomUUID(),
      name: input.name,
      body: JSON.stringify(body),
      sourceSecret: source.secret,
      targetSecret: target.secret,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    }
    const { onCutover } = input.options
    if (onCutover !== null) demandNoSecret(onCutover, [...typed, ...secretsOfRow(row)])
    return keep(row, before !== undefined)
  }

  return {
    list() {
      const openTasks = store.tasks.countByProfile(underWay)
      return store.profiles.all().map((row) => view(row, openTasks))
    },
    get: (id) => view(find(id)),
    save,

    change(id, changed, basedOn) {
      const row = find(id)
      demandUnchanged(row, basedOn)
      const body = JSON.parse(row.body) as ProfileBody
      const options = profileOptionsSchema.parse({ ...body.options, ...changed })
      if (options.onCutover !== null) demandNoSecret(options.onCutover, secretsOfRow(row))
      return keep({ ...row, body: JSON.stringify({ ...body, options }), updatedAt: Date.now() }, true)
    },

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

/** Shorter ones may be a part of any word. */
const shortestSought = 6

/** A command is kept in clear, and shown: fails with `command.holds-secret` where one of the secrets is in it. */
function demandNoSecret(command: readonly string[], secrets: readonly (string | null | undefined)[]): void {
  const holds = secrets.some(
    (secret) =>
      typeof secret === 'string' &&
      secret.length >= shortestSought &&
      command.some((word) => word.includes(secret)),
  )
  if (holds) fail('command.holds-secret', { program: command[0] ?? '' })
}

/** Fails with `profile.changed-meanwhile` where somebody has saved it since. */
function demandUnchanged({ name, updatedAt }: ProfileRow, basedOn: number): void {
  if (updatedAt !== basedOn) fail('profile.changed-meanwhile', { name })
}
