import { MediaQuery } from 'svelte/reactivity'
import { remember, remembered } from './remembered.ts'

export const themes = ['system', 'light', 'dark'] as const
export type ThemeName = (typeof themes)[number]

const systemIsDark = new MediaQuery('prefers-color-scheme: dark')
const coloursAreForced = new MediaQuery('forced-colors: active')

class Theme {
  #name = $state<ThemeName>(remembered('theme', isTheme) ?? 'system')

  get name(): ThemeName {
    return this.#name
  }

  set name(next: ThemeName) {
    this.#name = next
    remember('theme', next)
    this.show()
  }

  /** Puts the choice on the document; `system` leaves it to the colour scheme of the platform. */
  show(): void {
    if (this.#name === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = this.#name
  }

  /** Which colours are seen now: another text, other colours. */
  get look(): string {
    const isDark = this.#name === 'system' ? systemIsDark.current : this.#name === 'dark'
    return `${isDark ? 'dark' : 'light'}${coloursAreForced.current ? ' forced' : ''}`
  }
}

export const theme = new Theme()

function isTheme(value: string): value is ThemeName {
  return (themes as readonly string[]).includes(value)
}
