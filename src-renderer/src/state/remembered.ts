/** Small choices of a person that outlive the window. Nothing else is kept in the browser. */
export type Remembered = 'theme' | 'locale' | 'question-mark'

export function remembered<T extends string>(
  name: Remembered,
  isValid: (value: string) => value is T,
): T | null {
  try {
    const value = localStorage.getItem(`keyferry.${name}`)
    return value !== null && isValid(value) ? value : null
  } catch {
    // Storage may be closed to us (a private window); then the choice lasts as long as the page.
    return null
  }
}

export function remember(name: Remembered, value: string): void {
  try {
    localStorage.setItem(`keyferry.${name}`, value)
  } catch {
    // As above.
  }
}
