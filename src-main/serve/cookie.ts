/**
 * The session cookie. Cookies know no ports, so each port has a name of its own and two consoles on one
 * machine do not sign each other out.
 */
export function sessionCookie(port: number, session: string, secure: boolean): string {
  return `${cookieName(port)}=${session}; ${attributes}${secure ? '; Secure' : ''}`
}

/** Has the browser forget it. */
export function endedCookie(port: number): string {
  return `${cookieName(port)}=; ${attributes}; Max-Age=0`
}

/** The session a `Cookie` header carries for the console on `port`. */
export function sessionOf(port: number, header: string | undefined): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const [name, value] = pair.trim().split('=', 2)
    if (name === cookieName(port)) return value
  }
  return undefined
}

const attributes = 'HttpOnly; SameSite=Strict; Path=/'

function cookieName(port: number): string {
  return `keyferry-${port}`
}
