import type { Argument } from './encode.ts'

/** An argument of a command that is too large to be held: read anew whenever it is sent. */
export interface LongArgument {
  readonly length: number
  /** Its bytes, in order. A chunk holds until the next one is asked for. */
  chunks(): AsyncIterable<Uint8Array>
}

/** The arguments that are not held, by the empty buffers that stand in their places. */
export type LongArguments = ReadonlyMap<unknown, LongArgument>

/** One command as the parts that make it up on the wire; the long ones are read when their turn comes. */
export function encodeLongCommand(
  args: readonly Argument[],
  long: LongArguments,
): readonly (Uint8Array | LongArgument)[] {
  const parts: (Uint8Array | LongArgument)[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const arg of args) {
    const held = typeof arg === 'object' ? arg : Buffer.from(String(arg))
    const bytes = long.get(arg) ?? held
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return parts
}
