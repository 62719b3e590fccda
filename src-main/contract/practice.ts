/** Two small servers on the host that a person can move data between without harm. */
export interface PracticeView {
  /** Null: they do not run. */
  readonly running: {
    /** The migration between them, ready to be checked. */
    readonly profileId: string
    /** Of the servers. */
    readonly version: string
    readonly sourcePort: number
    readonly targetPort: number
    /** Keys the source was given. */
    readonly keys: number
  } | null
}
