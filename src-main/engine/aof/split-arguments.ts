const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }

/**
 * Splits a line into words as a server does (sds.c, `sdssplitargs`): separated by blanks; in double quotes with
 * escapes (`\n`, `\xff`), in single quotes with `\'`. Null where quotes do not match. Bytes are Latin-1 characters.
 */
export function splitArguments(line: string): readonly string[] | null {
  const words: string[] = []
  let at = 0
  for (;;) {
    while (isBlank(line[at])) at += 1
    if (at >= line.length) return words
    let word = ''
    while (at < line.length && !isBlank(line[at])) {
      const quote = line[at]!
      if (quote !== '"' && quote !== "'") {
        word += quote
        at += 1
        continue
      }
      const quoted = quote === '"' ? readDouble(line, at + 1) : readSingle(line, at + 1)
      if (quoted === null) return null
      word += quoted.text
      at = quoted.next
      // A closing quote ends the word.
      if (at < line.length && !isBlank(line[at])) return null
    }
    words.push(word)
  }
}

interface Quoted {
  readonly text: string
  readonly next: number
}

function readDouble(line: string, from: number): Quoted | null {
  let text = ''
  for (let at = from; at < line.length; at += 1) {
    const char = line[at]!
    if (char === '"') return { text, next: at + 1 }
    if (char !== '\\' || at + 1 >= line.length) {
      text += char
      continue
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4))
    if (hex !== null) {
      text += String.fromCharCode(Number.parseInt(hex[1]!, 16))
      at += 3
    } else {
      at += 1
      text += escapes[line[at]!] ?? line[at]!
    }
  }
  return null
}

function readSingle(line: string, from: number): Quoted | null {
  let text = ''
  for (let at = from; at < line.length; at += 1) {
    const char = line[at]!
    if (char === "'") return { text, next: at + 1 }
    if (char === '\\' && line[at + 1] === "'") {
      text += "'"
      at += 1
    } else text += char
  }
  return null
}

function isBlank(char: string | undefined): boolean {
  return char !== undefined && /\s/.test(char)
}
