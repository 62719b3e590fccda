import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Wrong tokens taken within a window before all are refused until it is over. */
const wrongTokens = 10
const windowMs = 60_000
/** Unused invitations kept; an older one lapses. */
const openInvitations = 8

export type Exchange = { readonly session: string } | 'wrong' | 'too-many'

/** How long a session lasts, in milliseconds. */
export interface SessionLimits {
  /** Since its browser last asked for something. */
  readonly idleMs: number
  /** Since it began, whatever its browser does. */
  readonly longestMs: number
}

const hourMs = 60 * 60_000
export const usualLimits: SessionLimits = { idleMs: 8 * hourMs, longestMs: 24 * hourMs }

/**
 * Who may talk to the served console: an invitation (the token in the printed address) is good for one
 * exchange into a session, which ends by itself, when it is signed out of, and with the process. Only digests are kept.
 */
export interface Sessions {
  /** A new one-time token. */
  invite(): string
  exchange(token: string): Exchange
  isKnown(session: string | undefined): boolean
  /** Its browser has asked for something. */
  use(session: string): void
  end(session: string): void
  /** Every session, and every invitation that was not used yet. */
  endAll(): void
  /** Calls `heard` when sessions were ended by one of these two; what ends by time is to be looked for. */
  onEnd(heard: () => void): void
}

interface Session {
  readonly digest: Buffer
  readonly beganAt: number
  usedAt: number
}

export function createSessions(
  { idleMs, longestMs }: SessionLimits = usualLimits,
  now: () => number = Date.now,
): Sessions {
  const invitations: Buffer[] = []
  const listeners: (() => void)[] = []
  let sessions: Session[] = []
  let wrong: number[] = []

  const stands = ({ beganAt, usedAt }: Session): boolean =>
    now() - usedAt < idleMs && now() - beganAt < longestMs
  const find = (session: string): Session | undefined => {
    sessions = sessions.filter(stands)
    return sessions[
      indexOf(
        sessions.map(({ digest }) => digest),
        session,
      )
    ]
  }
  const tell = (): void => {
    for (const heard of listeners) heard()
  }

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
      sessions.push({ digest: digest(session), beganAt: now(), usedAt: now() })
      return { session }
    },

    isKnown: (session) => session !== undefined && find(session) !== undefined,

    use(session) {
      const known = find(session)
      if (known !== undefined) known.usedAt = now()
    },

    end(session) {
      const ended = find(session)
      sessions = sessions.filter((one) => one !== ended)
      tell()
    },

    endAll() {
      sessions = []
      invitations.length = 0
      tell()
    },

    onEnd: (heard) => void listeners.push(heard),
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
