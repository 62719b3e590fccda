/** One step of a guided list. */
export interface Leg {
  readonly id: string
  readonly name: string
  readonly text: string
  readonly state: 'done' | 'now' | 'todo'
  /** Who acts, in a word; `isYou` when it is the person. */
  readonly who: string
  readonly isYou: boolean
  readonly time?: string | undefined
}
