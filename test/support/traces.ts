import { createHash } from 'node:crypto'

/** What a secret may look like where it was not meant to be kept: as it is, or as programs write or digest it. */
const forms: Readonly<Record<string, (secret: Buffer) => readonly string[]>> = {
  plain: (secret) => [secret.toString('latin1')],
  json: (secret) => [latin1(JSON.stringify(secret.toString()).slice(1, -1))],
  url: (secret) => [encodeURIComponent(secret.toString())],
  html: (secret) => [latin1(secret.toString().replaceAll('&', '&amp;').replaceAll('/', '&#x2F;'))],
  base64: (secret) => inTheMiddleOf(secret, 'base64'),
  base64url: (secret) => inTheMiddleOf(secret, 'base64url'),
  hex: (secret) => [secret.toString('hex'), secret.toString('hex').toUpperCase()],
  utf16: (secret) => [Buffer.from(secret.toString(), 'utf16le').toString('latin1')],
  sha1: (secret) => [createHash('sha1').update(secret).digest('hex')],
  sha256: (secret) => [createHash('sha256').update(secret).digest('hex')],
}

/** `name: form` for each form of each secret that is in `text`, which has one character a byte. */
export function tracesOf(secrets: Readonly<Record<string, string>>, text: string): readonly string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    Object.entries(forms).flatMap(([form, looks]) =>
      looks(Buffer.from(secret)).some((look) => text.includes(look)) ? [`${name}: ${form}`] : [],
    ),
  )
}

/** A secret in each of its forms: to see that they are found. */
export function everyFormOf(secret: string): readonly (readonly [form: string, text: string])[] {
  const bytes = Buffer.from(secret)
  return Object.entries(forms).flatMap(([form, looks]) => looks(bytes).map((look) => [form, look] as const))
}

/** As it reads within a longer text, whichever of the three places it begins at: the characters that are its own alone. */
function inTheMiddleOf(secret: Buffer, encoding: 'base64' | 'base64url'): readonly string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), secret])
      .toString(encoding)
      .replace(/=+$/, '')
    const end = (before + secret.length) % 3 === 0 ? text.length : text.length - 1
    return text.slice(Math.ceil((before * 8) / 6), end)
  })
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}
