import { remember, remembered } from './remembered.ts'

const isSwitch = (value: string): value is 'on' | 'off' => value === 'on' || value === 'off'

class Help {
  #open = $state(false)
  #questionMark = $state(remembered('question-mark', isSwitch) !== 'off')

  get open(): boolean {
    return this.#open
  }

  /** Whether the single key `?` opens it: who dictates, or types by accident, can switch that off. */
  get questionMark(): boolean {
    return this.#questionMark
  }

  set questionMark(on: boolean) {
    this.#questionMark = on
    remember('question-mark', on ? 'on' : 'off')
  }

  show(open = true): void {
    this.#open = open
  }
}

/** The help of the screen. */
export const help = new Help()
