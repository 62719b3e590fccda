/**
 * The catalogue of everything that can go wrong, for every console alike. A failure is a value: a code, the
 * facts that fill its sentence, and whether trying again can help. The words live in `words/`; nobody
 * branches on text.
 */
export const failureCatalogue = {
  // Files
  'file.not-found': { retryable: false },
  'file.not-readable': { retryable: false },
  'file.is-directory': { retryable: false },
  'file.empty': { retryable: false },
  'file.not-rdb': { retryable: false },
  'file.version-unsupported': { retryable: false },
  'file.truncated': { retryable: false },
  'file.crc-mismatch': { retryable: false },
  'file.corrupt': { retryable: false },
  'file.unknown-type': { retryable: false },
  'file.changed': { retryable: false },
  'file.collisions': { retryable: false },
  'file.packed': { retryable: false },
  'file.no-room': { retryable: false },
  'file.not-writable': { retryable: false },
  'file.exists': { retryable: false },
  // Fetching a backup by URL
  'fetch.not-found': { retryable: false },
  'fetch.refused': { retryable: false },
  'fetch.unavailable': { retryable: true },
  'fetch.broken': { retryable: true },
  'fetch.no-resume': { retryable: true },
  'fetch.changed': { retryable: false },
  'fetch.redirect': { retryable: false },
  'fetch.untrusted': { retryable: false },
  // Pulling a snapshot
  'dump.refused': { retryable: false },
  'dump.broken': { retryable: true },
  'backup.not-made': { retryable: true },
  'backup.no-aof': { retryable: false },
  'tunnel.no-sftp': { retryable: false },
  'guided-backup.not-found': { retryable: false },
  'guided-backup.wrong-step': { retryable: false },
  'readiness.nothing-seen': { retryable: false },
  'readiness.no-backlog': { retryable: false },
  // Append-only files
  'aof.manifest-invalid': { retryable: false },
  'aof.manifest-empty': { retryable: false },
  'aof.second-base': { retryable: false },
  'aof.wrong-order': { retryable: false },
  'aof.unknown-type': { retryable: false },
  'aof.path-in-manifest': { retryable: false },
  'aof.file-missing': { retryable: false },
  'aof.no-manifest': { retryable: false },
  'aof.several-manifests': { retryable: false },
  'aof.cut-in-the-middle': { retryable: false },
  'aof.no-timestamps': { retryable: false },
  'aof.until-too-early': { retryable: false },
  'aof.skip-impossible': { retryable: false },
  'aof.would-flush': { retryable: false },
  'aof.cannot-select': { retryable: false },
  'aof.not-understood': { retryable: false },
  'aof.not-in-cluster': { retryable: false },
  // Reaching a server
  'connect.refused': { retryable: true },
  'connect.unknown-host': { retryable: true },
  'connect.unreachable': { retryable: true },
  'connect.timeout': { retryable: true },
  'connect.lost': { retryable: true },
  'connect.not-redis': { retryable: false },
  'tls.not-tls': { retryable: false },
  'tls.silent': { retryable: false },
  'tls.required': { retryable: false },
  'tls.untrusted': { retryable: false },
  'tls.name-mismatch': { retryable: false },
  'tls.expired': { retryable: false },
  'tls.client-certificate': { retryable: false },
  'tls.file-unreadable': { retryable: false },
  'auth.required': { retryable: false },
  'auth.wrong-password': { retryable: false },
  'auth.no-permission': { retryable: false },
  'auth.not-needed': { retryable: false },
  'auth.no-users': { retryable: false },
  // The way to it: SSH tunnels, SOCKS5 proxies, Sentinels
  'tunnel.not-reached': { retryable: true },
  'tunnel.prohibited': { retryable: false },
  'tunnel.lost': { retryable: true },
  'ssh.unknown-host': { retryable: false },
  'ssh.host-key-changed': { retryable: false },
  'ssh.host-key-revoked': { retryable: false },
  'ssh.sign-in-refused': { retryable: false },
  'ssh.handshake-failed': { retryable: true },
  'ssh.no-agent': { retryable: false },
  'ssh.key-unusable': { retryable: false },
  'ssh.passphrase-needed': { retryable: false },
  'ssh.passphrase-wrong': { retryable: false },
  'ssh.file-unreadable': { retryable: false },
  'socks.sign-in-refused': { retryable: false },
  'socks.not-socks': { retryable: false },
  'sentinel.not-reached': { retryable: true },
  'sentinel.unknown-name': { retryable: false },
  'sentinel.no-primary': { retryable: true },
  // A server of either side
  'server.refused': { retryable: false },
  'server.unknown-command': { retryable: false },
  'server.unknown-setting': { retryable: false },
  'server.busy': { retryable: true },
  'server.too-many-clients': { retryable: true },
  // The target
  'target.not-empty': { retryable: false },
  'target.copied-before': { retryable: false },
  'target.out-of-memory': { retryable: true },
  'target.loading': { retryable: true },
  'target.read-only': { retryable: true },
  'target.cannot-persist': { retryable: true },
  'target.no-replicas': { retryable: true },
  'target.cluster': { retryable: false },
  'target.cluster-down': { retryable: true },
  'target.cluster-changed': { retryable: true },
  'target.slot-moving': { retryable: true },
  'target.cluster-one-db': { retryable: false },
  'target.db-out-of-range': { retryable: false },
  'target.cannot-hold': { retryable: false },
  'target.lacks-types': { retryable: false },
  'target.value-refused': { retryable: false },
  'target.not-lockable': { retryable: false },
  'target.refused': { retryable: false },
  'target.gave-up': { retryable: true },
  // The source's stream, and where it is kept
  'source.not-ready': { retryable: true },
  'source.stream-corrupt': { retryable: true },
  'source.flushed': { retryable: false },
  'source.databases-meet': { retryable: false },
  'source.stream-lost': { retryable: false },
  'source.no-stream': { retryable: false },
  'source.slot-moving': { retryable: true },
  'spool.full': { retryable: true },
  'spool.damaged': { retryable: true },
  // The job
  'job.cancelled': { retryable: true },
  'job.crashed': { retryable: true },
  'restore.not-found': { retryable: false },
  'restore.under-way': { retryable: true },
  'restore.input-changed': { retryable: false },
  'restore.ended': { retryable: false },
  'restore.not-comparable': { retryable: false },
  'verify.no-server': { retryable: false },
  'verify.not-loaded': { retryable: false },
  'verify.databases': { retryable: false },
  'restore.not-again': { retryable: false },
  'difference.not-found': { retryable: false },
  'difference.long-key': { retryable: false },
  // The console and its host
  'console.lost': { retryable: true },
  'console.signed-out': { retryable: false },
  'serve.tls-needed': { retryable: false },
  'serve.tls-unusable': { retryable: false },
  // What we keep on disk
  'store.unavailable': { retryable: true },
  'store.newer': { retryable: false },
  'store.damaged': { retryable: false },
  'store.disk-full': { retryable: true },
  'store.runtime-too-old': { retryable: false },
  'secret.unreadable': { retryable: false },
  'secret.locked': { retryable: false },
  'secret.wrong-passphrase': { retryable: true },
  'secret.no-key-ring': { retryable: false },
  // Profiles and tasks
  'update.unreadable': { retryable: true },
  'connection.not-found': { retryable: false },
  'connection.name-taken': { retryable: false },
  'connection.changed-meanwhile': { retryable: false },
  'profile.not-found': { retryable: false },
  'profile.name-taken': { retryable: false },
  'profile.changed-meanwhile': { retryable: false },
  'profile.in-use': { retryable: false },
  'profile.not-a-file': { retryable: false },
  'profile.file-newer': { retryable: false },
  'task.not-found': { retryable: false },
  'task.wrong-state': { retryable: false },
  'task.password-needed': { retryable: false },
  'task.checks-failed': { retryable: false },
  'task.warnings-open': { retryable: false },
  'task.consent-needed': { retryable: false },
  'task.other-ending': { retryable: false },
  'task.held-elsewhere': { retryable: true },
  'task.other-mode': { retryable: false },
  'task.other-rules': { retryable: false },
  'task.move-by-rules': { retryable: false },
  'task.way-back-one-source': { retryable: false },
  'task.expiries-shifted': { retryable: false },
  'task.too-many': { retryable: true },
  'task.instance-busy': { retryable: true },
  'task.move-consent': { retryable: false },
  'task.move-unproven': { retryable: false },
  'task.overwrites': { retryable: false },
  'task.repair-consent': { retryable: false },
  'way-back.none': { retryable: false },
  'command.failed': { retryable: false },
  'command.lost': { retryable: false },
  'command.not-consented': { retryable: false },
  'command.not-from-here': { retryable: false },
  'command.holds-secret': { retryable: false },
  'schedule.past': { retryable: false },
  'schedule.missed': { retryable: false },
  // Freezing writes
  'freeze.not-permitted': { retryable: false },
  'freeze.not-primary': { retryable: false },
  'freeze.node-unreachable': { retryable: true },
  'freeze.shard-elsewhere': { retryable: true },
  'freeze.slot-moving': { retryable: true },
  'freeze.sentinel-unreachable': { retryable: true },
  'freeze.sentinel-hasty': { retryable: false },
  'freeze.sentinel-password': { retryable: false },
  'freeze.password-needed': { retryable: false },
  'freeze.not-frozen': { retryable: false },
  'freeze.not-proven': { retryable: true },
  'freeze.broken': { retryable: true },
  'freeze.changed-meanwhile': { retryable: false },
  'freeze.not-drained': { retryable: true },
  // What a person typed
  'usage.invalid': { retryable: false },
  'usage.too-long': { retryable: false },
  'usage.path-relative': { retryable: false },
  'usage.not-a-url': { retryable: false },
  'usage.no-times': { retryable: false },
  'usage.would-empty': { retryable: false },
  'usage.missing-prerequisite': { retryable: false },
  // Ourselves
  'internal.unexpected': { retryable: false },
} as const satisfies Record<string, { readonly retryable: boolean }>

export type FailureCode = keyof typeof failureCatalogue

/** The facts that fill a failure's sentence. Never a secret. Keys of Redis are given escaped (`escapeKey`). */
export type FailureParams = Readonly<Record<string, string | number>>

/** What crosses every boundary when something fails. `cause` is for logs only and holds no secret. */
export interface Failure {
  readonly code: FailureCode
  readonly params: FailureParams
  readonly retryable: boolean
  readonly cause?: string
}

/** Makes a failure of the catalogue. */
export function makeFailure(code: FailureCode, params: FailureParams = {}, cause?: string): Failure {
  const { retryable } = failureCatalogue[code]
  return cause === undefined ? { code, params, retryable } : { code, params, retryable, cause }
}

/** The one error class we throw ourselves: it carries a `Failure` up to the next boundary. */
export class FailureError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(`${failure.code} ${JSON.stringify(failure.params)}`)
    this.name = 'FailureError'
    this.failure = failure
  }
}

/** Throws a failure of the catalogue. */
export function fail(code: FailureCode, params: FailureParams = {}, cause?: string): never {
  throw new FailureError(makeFailure(code, params, cause))
}

/** Turns whatever was thrown into a failure; what we did not foresee becomes `internal.unexpected`. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof FailureError) return thrown.failure
  if (thrown instanceof Error)
    return makeFailure('internal.unexpected', { message: thrown.message.replace(/\.$/, '') }, thrown.stack)
  return makeFailure('internal.unexpected', { message: String(thrown) })
}

/** Whether a failure is about the way to a server (the link, or what carries it) and not something the server said. */
export function isOfTheLink({ code }: Pick<Failure, 'code'>): boolean {
  return /^(connect|tunnel|ssh|socks|sentinel)\./.test(code)
}
