/** Something that can be an argument of a command. Numbers are written in decimal. */
export type Argument = string | number | bigint | Uint8Array

const crlf = Buffer.from('\r\n')

/**
 * One command as the array of bulk strings a server reads (RESP), joined into one buffer; or its beginning, to
 * which so many arguments are still to come.
 */
export function encodeCommand(args: readonly Argument[], toCome = 0): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length + toCome}\r\n`)]
  for (const arg of args) {
    const bytes = argumentBytes(arg)
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, crlf)
  }
  return Buffer.concat(parts)
}

/** The bytes of one argument: text as UTF-8, numbers in decimal, bytes as they are. */
function argumentBytes(arg: Argument): Uint8Array {
  return typeof arg === 'object' ? arg : Buffer.from(String(arg))
}
