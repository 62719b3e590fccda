/** What a screen reader is to say next: state changes politely, failures at once. */
class Announcer {
  polite = $state('')
  assertive = $state('')
}

export const announcer = new Announcer()

/** Says a sentence to assistive technology; the page itself must show it too. */
export function announce(sentence: string, how: 'polite' | 'assertive' = 'polite'): void {
  announcer[how] = sentence
}
