/** The places of the console. Each has an address, so that back, forward and reload work as everywhere. */
export type Route =
  | { readonly at: 'start' }
  | { readonly at: 'restores' }
  | { readonly at: 'restore-new'; readonly step: RestoreStep }
  | { readonly at: 'restore'; readonly id: string }
  /** A move by backup; `id` null: one not begun yet. */
  | { readonly at: 'guided-backup'; readonly id: string | null }
  /** `profile`: whose source is looked at; null: something else is chosen. */
  | { readonly at: 'readiness'; readonly profile: string | null }
  | { readonly at: 'tasks' }
  | { readonly at: 'task'; readonly id: string; readonly page: TaskPage }
  | { readonly at: 'profiles' }
  /** `id` null: a profile not saved yet. */
  | { readonly at: 'migration'; readonly id: string | null; readonly step: MigrationStep }
  | { readonly at: 'connections' }
  /** `id` null: a connection not saved yet. */
  | { readonly at: 'connection'; readonly id: string | null }
  | { readonly at: 'settings' }
  | { readonly at: 'failures' }
  | { readonly at: 'nowhere' }

export const restoreSteps = ['file', 'target', 'scope', 'options', 'review'] as const
export type RestoreStep = (typeof restoreSteps)[number]

export const migrationSteps = ['source', 'target', 'scope', 'options', 'check', 'review'] as const
export type MigrationStep = (typeof migrationSteps)[number]

export const taskPages = ['overview', 'freeze', 'cutover', 'proof'] as const
export type TaskPage = (typeof taskPages)[number]

/** Stands for an id where there is none yet; ids made by the host are never this. */
const fresh = 'new'

/** The address of a place, for links. */
export function hrefOf(route: Route): string {
  switch (route.at) {
    case 'start':
      return '#/'
    case 'restores':
    case 'tasks':
    case 'profiles':
    case 'connections':
    case 'settings':
    case 'failures':
    case 'nowhere':
      return `#/${route.at}`
    case 'restore-new':
      return `#/restores/${fresh}/${route.step}`
    case 'restore':
      return `#/restores/${encodeURIComponent(route.id)}`
    case 'readiness':
      return `#/readiness${route.profile === null ? '' : `/${encodeURIComponent(route.profile)}`}`
    case 'guided-backup':
      return `#/guided-backups/${route.id === null ? fresh : encodeURIComponent(route.id)}`
    case 'task':
      return `#/tasks/${encodeURIComponent(route.id)}${route.page === 'overview' ? '' : `/${route.page}`}`
    case 'connection':
      return `#/connections/${route.id === null ? fresh : encodeURIComponent(route.id)}`
    case 'migration':
      return `#/profiles/${route.id === null ? fresh : encodeURIComponent(route.id)}/${route.step}`
  }
}

/** The place an address names. */
function parseHash(hash: string): Route {
  const [place = '', id = '', part] = hash.replace(/^#\/?/, '').split('/')
  switch (place) {
    case '':
      return { at: 'start' }
    case 'restores':
      if (id === '') return { at: 'restores' }
      if (id === fresh) return { at: 'restore-new', step: among(restoreSteps, part) ?? 'file' }
      return { at: 'restore', id: decodeId(id) }
    case 'readiness':
      return { at: 'readiness', profile: id === '' ? null : decodeId(id) }
    case 'guided-backups':
      if (id === '') return { at: 'restores' }
      return { at: 'guided-backup', id: id === fresh ? null : decodeId(id) }
    case 'tasks':
      if (id === '') return { at: 'tasks' }
      return { at: 'task', id: decodeId(id), page: among(taskPages, part) ?? 'overview' }
    case 'profiles':
      if (id === '') return { at: 'profiles' }
      return {
        at: 'migration',
        id: id === fresh ? null : decodeId(id),
        step: among(migrationSteps, part) ?? 'source',
      }
    case 'connections':
      return id === '' ? { at: 'connections' } : { at: 'connection', id: id === fresh ? null : decodeId(id) }
    case 'settings':
      return { at: 'settings' }
    case 'failures':
      return { at: 'failures' }
    default:
      return { at: 'nowhere' }
  }
}

function among<T extends string>(names: readonly T[], text: string | undefined): T | undefined {
  return names.find((name) => name === text)
}

function decodeId(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

class Router {
  #route = $state.raw<Route>(parseHash(location.hash))

  constructor() {
    window.addEventListener('hashchange', () => {
      this.#route = parseHash(location.hash)
    })
  }

  get route(): Route {
    return this.#route
  }

  /** At once: the browser tells of the new address only later, and until then effects would see the old place. */
  go(route: Route): void {
    location.hash = hrefOf(route)
    this.#route = route
  }

  /** As `go`, but back does not lead to the place left. */
  replace(route: Route): void {
    location.replace(hrefOf(route))
  }
}

export const router = new Router()
