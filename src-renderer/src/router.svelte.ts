/** The places of the console. Each has an address, so that back, forward and reload work as everywhere. */
export type Route =
  | { readonly at: 'start' }
  | { readonly at: 'restores' }
  | { readonly at: 'restore-new'; readonly step: RestoreStep }
  | { readonly at: 'restore'; readonly id: string }
  | { readonly at: 'nowhere' }

export const restoreSteps = ['file', 'target', 'options', 'review'] as const
export type RestoreStep = (typeof restoreSteps)[number]

/** The address of a place, for links. */
export function hrefOf(route: Route): string {
  switch (route.at) {
    case 'start':
      return '#/'
    case 'restores':
      return '#/restores'
    case 'restore-new':
      return `#/restores/new/${route.step}`
    case 'restore':
      return `#/restores/${encodeURIComponent(route.id)}`
    case 'nowhere':
      return '#/nowhere'
  }
}

/** The place an address names. */
export function parseHash(hash: string): Route {
  const [first = '', second, third] = hash.replace(/^#\/?/, '').split('/')
  if (first === '') return { at: 'start' }
  if (first !== 'restores') return { at: 'nowhere' }
  if (second === undefined || second === '') return { at: 'restores' }
  if (second !== 'new') return { at: 'restore', id: decodeId(second) }
  const step = restoreSteps.find((name) => name === third)
  return { at: 'restore-new', step: step ?? 'file' }
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

  go(route: Route): void {
    location.hash = hrefOf(route)
  }
}

export const router = new Router()
