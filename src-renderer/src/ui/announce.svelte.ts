/** What a screen reader is to say next: state changes politely, failures at once. */
class Announcer {
  polite = $state('')
  assertive = $state('')
}

export const announcer = new Announcer()

/** Long enough to be taken up; whoever reads the page later is not told what was so once. */
const forgottenMs = 10_000
const forgetting: { polite?: ReturnType<typeof setTimeout>; assertive?: ReturnType<typeof setTimeout> } = {}

/** Says a sentence to assistive technology; the page itself must show it too. */
export function announce(sentence: string, how: 'polite' | 'assertive' = 'polite'): void {
  announcer[how] = sentence
  clearTimeout(forgetting[how])
  forgetting[how] = setTimeout(() => (announcer[how] = ''), forgottenMs)
}
