/**
 * Writes the bytes of a key so that a person can read and copy them: printable ASCII and valid UTF-8 as they
 * are, every other byte as `\xNN`, a backslash doubled. Control and bidirectional marks are escaped too, so a
 * key cannot disguise itself. Keys longer than `limit` bytes are cut and end in `…`.
 */
export function escapeKey(key: Uint8Array, limit = 120): string {
  const cut = key.length > limit
  const bytes = cut ? key.subarray(0, limit) : key
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const size = utf8Size(bytes, at)
    const character = size > 0 ? decoder.decode(bytes.subarray(at, at + size)) : ''
    if (character !== '' && !unprintable.test(character)) {
      text += character === '\\' ? '\\\\' : character
      at += size
    } else {
      text += `\\x${bytes[at]!.toString(16).padStart(2, '0')}`
      at += 1
    }
  }
  return cut ? `${text}…` : text
}

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/** Control characters, separators, format and bidirectional marks, and the replacement character. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\u{FFFD}]/u

/** Bytes of the well-formed UTF-8 character at `at`, or 0 where there is none. */
function utf8Size(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  const size =
    first < 0x80
      ? 1
      : first >= 0xc2 && first < 0xe0
        ? 2
        : first >= 0xe0 && first < 0xf0
          ? 3
          : first >= 0xf0 && first < 0xf5
            ? 4
            : 0
  if (size === 0 || at + size > bytes.length) return 0
  for (let next = 1; next < size; next += 1) if ((bytes[at + next]! & 0xc0) !== 0x80) return 0
  return size
}

/** The bytes that `escapeKey` wrote as this text. What was cut there ends in `…` here as well. */
export function unescapeKey(text: string): Uint8Array {
  const parts = text.split(/(\\\\|\\x[0-9a-f]{2})/)
  return Uint8Array.from(
    parts.flatMap((part, index) => {
      if (index % 2 === 0) return [...encoder.encode(part)]
      return part === '\\\\' ? [0x5c] : [Number.parseInt(part.slice(2), 16)]
    }),
  )
}

const encoder = new TextEncoder()
