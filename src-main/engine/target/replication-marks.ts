/** As long is remembered how far a master had come; a replica further behind has us begin anew. Milliseconds. */
const memoryMs = 180_000

interface Mark {
  readonly at: number
  /** The stream's name and the offset of its last byte, as INFO has them (`master_replid`, `master_repl_offset`). */
  readonly replid: string
  readonly offset: number
}

/**
 * How far the replication streams of the masters had come at what time. What a master had answered before it was
 * asked for its offset lies before that offset in its stream; a replica that took its place and has the stream up to
 * there has all of that.
 */
export class ReplicationMarks {
  readonly #marks = new Map<string, Mark[]>()

  /** `at`: before the master was asked, on the clock of the ledger. */
  note(node: string, mark: Mark): void {
    const marks = this.#marks.get(node) ?? []
    this.#marks.set(node, marks)
    marks.push(mark)
    while (marks[0]!.at < mark.at - memoryMs) marks.shift()
  }

  /**
   * The latest time before which everything that this node had answered is in a copy of its stream up to `offset`;
   * -Infinity where that is not known.
   */
  wholeAt(node: string, { replid, offset }: Pick<Mark, 'replid' | 'offset'>): number {
    const covered = this.#marks.get(node)?.findLast((mark) => mark.replid === replid && mark.offset <= offset)
    return covered?.at ?? -Infinity
  }
}
