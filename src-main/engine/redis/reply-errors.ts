import { makeFailure, type Failure, type FailureCode, type FailureParams } from '#contract/failure.ts'

/**
 * Names what a server refused. Its error replies are read here and nowhere else: first by their first word
 * (`-WORD text`), then, for `ERR` and for servers that knew no other word, by the texts old servers send.
 *
 * `params` fill the sentence (`address`, `command` …); the server's text goes along as `reply`, because it is
 * the server's own; what it repeats of our arguments is cut off.
 */
export function classifyReplyError(text: string, params: FailureParams): Failure {
  const word = /^[A-Z]+/.exec(text)?.[0] ?? ''
  const code = byFirstWord[word] ?? byOldText.find(([pattern]) => pattern.test(text))?.[1] ?? 'server.refused'
  return makeFailure(code, { ...params, reply: text.replace(echoedArgs, '').slice(0, longestReply) })
}

/** Since 5.0 an unknown command is answered with its arguments, and a renamed AUTH has the password there. */
const echoedArgs = /,? with args beginning with:.*/s

const longestReply = 200

/** `shared.*err` of server.c, and cluster.c. */
const byFirstWord: Readonly<Record<string, FailureCode>> = {
  NOAUTH: 'auth.required',
  WRONGPASS: 'auth.wrong-password',
  NOPERM: 'auth.no-permission',
  DENIED: 'auth.required',
  LOADING: 'target.loading',
  MASTERDOWN: 'target.loading',
  NOMASTERLINK: 'source.not-ready',
  BUSY: 'server.busy',
  READONLY: 'target.read-only',
  OOM: 'target.out-of-memory',
  MISCONF: 'target.cannot-persist',
  NOREPLICAS: 'target.no-replicas',
  MOVED: 'target.slot-moving',
  ASK: 'target.slot-moving',
  TRYAGAIN: 'target.slot-moving',
  CROSSSLOT: 'target.cluster',
  CLUSTERDOWN: 'target.cluster-down',
  BUSYKEY: 'target.not-empty',
}

/** What servers say behind plain `ERR`, with the versions that say it. */
const byOldText: readonly (readonly [RegExp, FailureCode])[] = [
  [/^ERR invalid password/i, 'auth.wrong-password'], // up to 5.0
  [/^ERR operation not permitted/i, 'auth.required'], // 2.4, 2.6
  [/^ERR Client sent AUTH, but no password is set/i, 'auth.not-needed'], // up to 5.0
  [/^ERR AUTH <password> called without any password configured/i, 'auth.not-needed'], // 6.0 and later
  [/^ERR wrong number of arguments for 'auth'/i, 'auth.no-users'], // up to 5.0, AUTH with a user
  [/^ERR Can't SYNC while not connected with my master/i, 'source.not-ready'], // up to 3.2
  [/^ERR unknown (sub)?command/i, 'server.unknown-command'],
  [/^ERR Unknown subcommand or wrong number of arguments/i, 'server.unknown-command'], // up to 6.2
  [/^ERR Syntax error, try CLIENT /i, 'server.unknown-command'], // a subcommand, up to 4.0
  [/^ERR (Unsupported CONFIG parameter|Unknown option or number of arguments)/i, 'server.unknown-setting'],
  [/^ERR Library '.*' already exists/i, 'target.not-empty'], // FUNCTION LOAD, 7.0 and later
  [/^ERR Target key name (already exists|is busy)/i, 'target.not-empty'], // 2.6, 2.8
  [/^ERR command not allowed when used memory/i, 'target.out-of-memory'], // 2.4, 2.6
  [
    /^ERR (DB index is out of range|invalid DB index|SELECT is not allowed in cluster)/i,
    'target.db-out-of-range',
  ],
  [/^ERR max number of clients reached/i, 'server.too-many-clients'],
]

/** Where a cluster's node sends us with a command. */
export interface Redirection {
  readonly slot: number
  /** `host:port`; the host is missing where the node knows none: then it is its own. */
  readonly address: string
  /** Only with this command, after ASKING: the slot is on its way there, and still belongs to the node that says so. */
  readonly asking: boolean
}

/** `MOVED 3999 127.0.0.1:6381` and `ASK 3999 127.0.0.1:6381` (`clusterRedirectClient` in `cluster.c`); null for all else. */
export function redirectionOf(text: string): Redirection | null {
  const found = /^(MOVED|ASK) (\d+) (\S+)/.exec(text)
  return found === null ? null : { slot: Number(found[2]), address: found[3]!, asking: found[1] === 'ASK' }
}
