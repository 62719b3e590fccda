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

/** Where a key belongs in a command that is encoded for many keys. */
export const theKey = Symbol('the key')

/** Each of the `questions` about each of the keys, key by key, as words. */
export function wordsForEach(
  keys: readonly Uint8Array[],
  questions: readonly (readonly (string | typeof theKey)[])[],
): readonly (readonly Argument[])[] {
  return keys.flatMap((key) =>
    questions.map((words) => words.map((word): Argument => (typeof word === 'string' ? word : key))),
  )
}

/** For each key each of the commands, in one buffer: what they have in common is written out only once. */
export function encodeForEach(
  keys: readonly Uint8Array[],
  commands: readonly (readonly (string | typeof theKey)[])[],
): Buffer {
  const shapes = commands.map((words) => {
    const at = words.indexOf(theKey)
    const encode = (part: readonly (string | typeof theKey)[]): string =>
      part.map((word) => `$${Buffer.byteLength(String(word))}\r\n${String(word)}\r\n`).join('')
    return {
      before: Buffer.from(`*${words.length}\r\n${encode(words.slice(0, at))}$`),
      after: Buffer.from(`\r\n${encode(words.slice(at + 1))}`),
    }
  })
  const fixed = shapes.reduce((sum, { before, after }) => sum + before.length + after.length, 0)
  const lengths = keys.map((key) => Buffer.from(`${key.length}\r\n`))
  const ofKeys = keys.reduce((sum, key, index) => sum + key.length + lengths[index]!.length, 0)
  const bytes = Buffer.allocUnsafe(fixed * keys.length + ofKeys * shapes.length)
  let at = 0
  const put = (part: Uint8Array): void => {
    bytes.set(part, at)
    at += part.length
  }
  for (const [index, key] of keys.entries())
    for (const { before, after } of shapes) {
      put(before)
      put(lengths[index]!)
      put(key)
      put(after)
    }
  return bytes
}
