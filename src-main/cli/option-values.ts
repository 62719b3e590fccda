import { InvalidArgumentError } from 'commander'

/** Reads a whole number of a range, for commander. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
    return value
  }
}

/** Reads one character of ASCII. */
export function oneByte(text: string): string {
  if (text.length !== 1 || text.charCodeAt(0) > 127)
    throw new InvalidArgumentError('It must be one character of ASCII.')
  return text
}

/** Gathers a flag that may be given several times. */
export function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** Gathers numbers of databases: `0`, or `0,3`, or the flag several times. */
export function databases(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, ...text.split(',').map(wholeNumber(0, 65535))]
}

/** Reads `3:0` or `3:0,4:1`: databases of the file and the databases they go to. */
export function dbMap(
  text: string,
  before: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const pairs = text.split(',').map((pair) => {
    const [, from, to] = /^(\d{1,5}):(\d{1,5})$/.exec(pair) ?? []
    if (from === undefined || to === undefined || Number(to) > 65535)
      throw new InvalidArgumentError('It must be FROM:TO, as in 3:0, several with commas between them.')
    return [String(Number(from)), Number(to)] as const
  })
  return { ...before, ...Object.fromEntries(pairs) }
}
