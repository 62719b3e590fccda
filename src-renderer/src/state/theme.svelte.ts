import { remember, remembered } from './remembered.ts'

export const themes = ['system', 'light', 'dark'] as const
export type ThemeName = (typeof themes)[number]

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

  /** Whether dark is what is seen now. */
  get isDark(): boolean {
    return (
      this.#name === 'dark' || (this.#name === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
    )
  }
}

export const theme = new Theme()

function isTheme(value: string): value is ThemeName {
  return (themes as readonly string[]).includes(value)
}
