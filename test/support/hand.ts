import type { Locator } from 'playwright-core'

/** How a person acts on what he sees. */
export interface Hand {
  press(what: Locator): Promise<void>
  type(into: Locator, text: string): Promise<void>
}

export const mouse: Hand = {
  press: (what) => what.click(),
  type: (into, text) => into.fill(text),
}

/** More stops than any page has. */
const mostStops = 120

/** Nothing but the keyboard: what cannot be reached with Tab cannot be used. */
export const keyboard: Hand = {
  async press(what) {
    await reach(what)
    const ticks = (await what.getAttribute('type')) === 'checkbox'
    await what.page().keyboard.press(ticks ? 'Space' : 'Enter')
  },
  async type(into, text) {
    await reach(into)
    const { keyboard: keys } = into.page()
    await keys.press('ControlOrMeta+A')
    if (text === '') await keys.press('Delete')
    else await keys.type(text)
  },
}

async function reach(what: Locator): Promise<void> {
  // A trial of the press waits until it could be done: there, still and enabled.
  await what.click({ trial: true })
  for (let stop = 0; stop < mostStops; stop += 1) {
    if (await what.evaluate((element) => element === document.activeElement)) return
    await what.page().keyboard.press('Tab')
  }
  throw new Error(`the keyboard does not reach ${String(what)}`)
}
