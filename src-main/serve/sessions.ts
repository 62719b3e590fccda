import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Wrong tokens taken within a window before all are refused until it is over. */
const wrongTokens = 10
const windowMs = 60_000
/** Unused invitations kept; an older one lapses. */
const openInvitations = 8

export type Exchange = { readonly session: string } | 'wrong' | 'too-many'

/**
 * Who may talk to the served console: an invitation (the token in the printed address) is good for one
 * exchange into a session; sessions last as long as the process. Only digests are kept.
 */
export interface Sessions {
  /** A new one-time token. */
  invite(): string
  exchange(token: string): Exchange
  isKnown(session: string | undefined): boolean
}

export function createSessions(now: () => number = Date.now): Sessions {
  const invitations: Buffer[] = []
  const sessions: Buffer[] = []
  let wrong: number[] = []

  return {
    invite() {
      const token = newSecret()
      invitations.push(digest(token))
      if (invitations.length > openInvitations) invitations.shift()
      return token
    },

    exchange(token) {
      wrong = wrong.filter((at) => now() - at < windowMs)
      if (wrong.length >= wrongTokens) return 'too-many'
      const at = indexOf(invitations, token)
      if (at < 0) {
        wrong.push(now())
        return 'wrong'
      }
      invitations.splice(at, 1)
      const session = newSecret()
      sessions.push(digest(session))
      return { session }
    },

    isKnown: (session) => session !== undefined && indexOf(sessions, session) >= 0,
  }
}

/** 256 bits, as they may stand in an address and in a cookie. */
function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

function indexOf(digests: readonly Buffer[], secret: string): number {
  const sought = digest(secret)
  return digests.findIndex((each) => timingSafeEqual(each, sought))
}
