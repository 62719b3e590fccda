/** One line of CLIENT LIST. */
export interface ClientLine {
  readonly id: string
  readonly address: string
  readonly name: string
  /** `networking.c`, `getClientInfoString`: S replica, M master, P Pub/Sub, O monitor, N none … */
  readonly flags: string
  /** The ACL user (6.0 and later), of a connection that has not signed in too. */
  readonly user: string
  /** The last command, in small letters. */
  readonly command: string
}

export function parseClientList(text: string): readonly ClientLine[] {
  return text
    .split('\n')
    .filter((line) => line.includes('addr='))
    .map((line) => {
      const field = (name: string): string =>
        new RegExp(`(?:^| )${name}=([^ ]*)`).exec(line.trimEnd())?.[1] ?? ''
      return {
        id: field('id'),
        address: field('addr'),
        name: field('name'),
        flags: field('flags'),
        user: field('user'),
        command: field('cmd'),
      }
    })
}

/** The host part of a client's address. */
export function hostOf(address: string): string {
  return address.slice(0, Math.max(0, address.lastIndexOf(':')))
}
