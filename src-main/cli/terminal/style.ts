import type { WriteStream } from 'node:tty'

/** What a stream can show. */
export interface Style {
  /** The line can be drawn again in place. */
  readonly redraws: boolean
  readonly unicode: boolean
  bold(text: string): string
  dim(text: string): string
}

/** How wide lines may be: no limit but on a terminal, since a log is searched, and its lines should hold whole sentences. */
export function columnsOf({ isTTY, columns }: Pick<WriteStream, 'isTTY' | 'columns'>): number {
  return isTTY && columns > 0 ? columns : Infinity
}

/** Reads it from the stream and the environment (no-color.org). */
export function styleFor(
  stream: Pick<WriteStream, 'isTTY'>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Style {
  const redraws = stream.isTTY && environment['TERM'] !== 'dumb'
  const colours = redraws && !environment['NO_COLOR']
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || ''
  const sgr = (on: number, off: number) => (text: string) =>
    colours ? `\u001b[${on}m${text}\u001b[${off}m` : text
  return {
    redraws,
    unicode: process.platform === 'win32' || /utf-?8/i.test(locale),
    bold: sgr(1, 22),
    dim: sgr(2, 22),
  }
}
