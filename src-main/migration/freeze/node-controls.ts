import type { Control } from '#engine/redis/control.ts'
import type { NodeRecord } from './record.ts'

/** A connection to each of some servers. */
export class NodeControls implements AsyncDisposable {
  readonly #controls: ReadonlyMap<NodeRecord, Control>

  private constructor(controls: ReadonlyMap<NodeRecord, Control>) {
    this.#controls = controls
  }

  /** All at once; rejects, with none left open, when one cannot be opened. */
  static async open(
    nodes: readonly NodeRecord[],
    open: (node: NodeRecord) => Promise<Control>,
  ): Promise<NodeControls> {
    const outcomes = await Promise.allSettled(nodes.map(open))
    const opened = new Map<NodeRecord, Control>()
    for (const [at, outcome] of outcomes.entries())
      if (outcome.status === 'fulfilled') opened.set(nodes[at]!, outcome.value)
    const controls = new NodeControls(opened)
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed === undefined) return controls
    await controls[Symbol.asyncDispose]()
    throw failed.reason
  }

  /** Those of `others`, and these where the others have none. Closes neither. */
  preferring(others: NodeControls): NodeControls {
    return new NodeControls(new Map([...this.#controls, ...others.#controls]))
  }

  /** Does something at each of `nodes`, all at once; waits for all, also where one fails. */
  async each<Outcome>(
    nodes: readonly NodeRecord[],
    deed: (control: Control, node: NodeRecord) => Promise<Outcome>,
  ): Promise<ReadonlyMap<NodeRecord, Outcome>> {
    const outcomes = await Promise.allSettled(nodes.map((node) => deed(this.#controls.get(node)!, node)))
    const done = new Map<NodeRecord, Outcome>()
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') throw outcome.reason
      done.set(nodes[at]!, outcome.value)
    }
    return done
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const control of this.#controls.values()) control.close()
    return Promise.resolve()
  }
}
