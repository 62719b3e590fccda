import { ByteWriter } from '../bytes/byte-writer.ts'
import type { BatchLimits, CommandSink } from './big-value.ts'
import type { Element } from './element.ts'
import { run, type Steps } from './steps.ts'

/** Gathers arguments, in units that belong together, until they make a command worth sending. */
export class CommandBatch {
  readonly #sink: CommandSink
  readonly #limits: BatchLimits
  readonly #prefix: readonly Uint8Array[]
  #writer: ByteWriter
  /** Start and end of each argument in the writer. */
  #spans: number[] = []
  #units = 0
  /** Arguments of the whole units. */
  #wholeSpans = 0
  #sent = false

  /** Every command begins with `prefix`. */
  constructor(sink: CommandSink, limits: BatchLimits, prefix: readonly Uint8Array[]) {
    this.#sink = sink
    this.#limits = limits
    this.#prefix = prefix
    this.#writer = new ByteWriter()
  }

  get isEmpty(): boolean {
    return this.#spans.length === 0
  }

  /** It should be sent and cleared now. */
  get isFull(): boolean {
    return (
      this.#sent || this.#units >= this.#limits.batchUnits || this.#writer.length >= this.#limits.batchBytes
    )
  }

  /** How many arguments there are, and one of them: a view, good until the next is added. */
  get argumentCount(): number {
    return this.#spans.length / 2
  }

  argument(index: number): Uint8Array {
    return this.#writer.written().subarray(this.#spans[index * 2], this.#spans[index * 2 + 1])
  }

  /** Adds an argument, whatever its length. */
  *add(element: Element): Steps<void> {
    const start = this.#writer.length
    yield* element.appendTo(this.#writer)
    this.#spans.push(start, this.#writer.length)
  }

  addText(text: Uint8Array): void {
    this.#spans.push(this.#writer.length, this.#writer.length + text.length)
    this.#writer.bytes(text)
  }

  /** Adds the last argument of a unit. A long one is not kept: it is sent at once, behind all that was gathered. */
  *addLast(element: Element): Steps<void> {
    if (element.length <= this.#limits.batchBytes) return yield* this.add(element)
    if (this.#units > 0) yield* this.#send(0, this.#wholeSpans)
    yield this.#sink.sendLong(
      this.#arguments(this.#wholeSpans, this.#spans.length),
      element.length,
      (write) => run(element.inPieces(write)),
    )
    this.#sent = true
  }

  /** Exchanges the two arguments added last. */
  swapLastTwo(): void {
    const [start, end] = this.#spans.splice(-4, 2)
    this.#spans.push(start!, end!)
  }

  endUnit(): void {
    this.#units += 1
    this.#wholeSpans = this.#spans.length
  }

  /** Sends all arguments in one command, unless `addLast` has sent them. They can be looked at until `clear`. */
  *send(): Steps<void> {
    if (!this.#sent && this.#spans.length > 0) yield* this.#send(0, this.#spans.length)
    this.#sent = true
  }

  clear(): void {
    // Room that one exceptional argument needed is given back.
    if (this.#writer.length > this.#limits.batchBytes * 4)
      this.#writer = new ByteWriter(this.#limits.batchBytes + 1024)
    this.#writer.cut(0)
    this.#spans = []
    this.#units = 0
    this.#wholeSpans = 0
    this.#sent = false
  }

  /** Sends what there is and starts anew. */
  *flush(): Steps<void> {
    yield* this.send()
    this.clear()
  }

  *#send(from: number, to: number): Steps<void> {
    const waiting = this.#sink.send(this.#arguments(from, to))
    if (waiting !== undefined) yield waiting
  }

  #arguments(from: number, to: number): Uint8Array[] {
    const args = [...this.#prefix]
    const bytes = this.#writer.written()
    for (let at = from; at < to; at += 2) args.push(bytes.subarray(this.#spans[at], this.#spans[at + 1]))
    return args
  }
}
