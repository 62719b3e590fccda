import type { CommandSink } from '#engine/rdb/big-value.ts'

/** Keeps every command it is sent, whole. */
export class CommandList implements CommandSink {
  readonly commands: Buffer[][] = []
  /** The longest piece in which a last argument came. */
  longestPiece = 0
  /** Commands whose last argument came in pieces. */
  long = 0

  send(args: readonly Uint8Array[]): void {
    this.commands.push(args.map((arg) => Buffer.from(arg)))
  }

  async sendLong(
    args: readonly Uint8Array[],
    length: number,
    pieces: (write: (piece: Uint8Array) => void) => Promise<void>,
  ): Promise<void> {
    const command = args.map((arg) => Buffer.from(arg))
    const last: Buffer[] = []
    await pieces((piece) => {
      this.longestPiece = Math.max(this.longestPiece, piece.length)
      last.push(Buffer.from(piece))
    })
    const whole = Buffer.concat(last)
    if (whole.length !== length) throw new Error(`${length} bytes were promised, ${whole.length} came`)
    this.long += 1
    this.commands.push([...command, whole])
  }

  /** Each command in one line, bytes as Latin-1. */
  lines(): string[] {
    return this.commands.map((command) => command.map((arg) => arg.toString('latin1')).join(' '))
  }
}
