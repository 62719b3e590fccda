import type { Connection } from '#contract/connection.ts'
import { stdinInput } from '#contract/input-name.ts'
import type { AskedRestore } from '#contract/restore.ts'
import { secretPlace } from '#contract/secrets.ts'
import { saySlots, type TtlRule } from '#contract/selection.ts'
import { hostAndPort, type Hop } from '#contract/tunnel.ts'

/**
 * The command that asks for a restore once more, as a shell of this system takes it; what was secret is asked for
 * (`-`). Null where no command can say it: hops that sign in with different keys, Sentinels that speak TLS by
 * themselves.
 */
export function restoreCommand(asked: AskedRestore): string | null {
  const target = targetWords(asked)
  if (target === null) return null
  return ['keyferry', 'restore', ...inputWords(asked), ...target, ...ruleWords(asked)].map(quoted).join(' ')
}

function inputWords({ spec }: AskedRestore): readonly string[] {
  return [...spec.files.flatMap((file) => ['-i', file]), ...said('--keep', spec.keepIn)]
}

function targetWords({ spec: { target }, secrets }: AskedRestore): readonly string[] | null {
  const { tls, sentinel } = target
  const way = viaWords(target, secrets)
  if (way === null || (sentinel?.tls !== undefined && sentinel.tls !== (tls !== undefined))) return null
  const first = hostAndPort(target)
  const asks = (flag: string, place: string): readonly string[] =>
    secrets.includes(place) ? [flag, '-'] : []
  return [
    ...['-t', [first, ...(sentinel?.others ?? []).map(hostAndPort)].join(',')],
    ...said('--user', target.username),
    ...asks('-A', 'password'),
    ...(tls === undefined ? [] : ['--tls']),
    ...said('--ca', tls?.ca),
    ...said('--cert', tls?.cert),
    ...said('--key', tls?.key),
    ...said('--servername', tls?.servername),
    ...(tls?.verify === false ? ['--insecure'] : []),
    ...(target.proxy === true ? ['--proxy'] : []),
    ...way,
    ...said('--sentinel', sentinel?.master),
    ...said('--sentinel-user', sentinel?.username),
    ...asks('--sentinel-password', secretPlace.sentinel),
  ]
}

function viaWords({ via }: Pick<Connection, 'via'>, secrets: readonly string[]): readonly string[] | null {
  if (via === undefined) return []
  const user = (name: string | undefined): string =>
    name === undefined ? '' : `${encodeURIComponent(name)}@`
  if (via.kind === 'socks5')
    return [
      ...['--via', `socks5://${user(via.username)}${hostAndPort(via)}`],
      ...(secrets.includes(secretPlace.proxy(via)) ? ['--socks-password', '-'] : []),
    ]
  const first = via.hops[0]!
  const signIn = (hop: Hop): string =>
    JSON.stringify([hop.keyFile, hop.agent, secrets.includes(secretPlace.hop(hop))])
  if (via.hops.some((hop) => signIn(hop) !== signIn(first))) return null
  const { keyFile, agent } = first
  return [
    ...['--via', `ssh://${via.hops.map((hop) => user(hop.username) + hostAndPort(hop)).join(',')}`],
    ...said('--ssh-key', keyFile),
    ...(keyFile !== undefined && secrets.includes(secretPlace.key(keyFile)) ? ['--ssh-passphrase', '-'] : []),
    ...(secrets.includes(secretPlace.hop(first)) ? ['--ssh-password', '-'] : []),
    ...(agent ? ['--ssh-agent'] : []),
    ...said('--known-hosts', via.knownHosts),
    ...via.acceptedKeys.flatMap((key) => ['--accept-host-key', key]),
  ]
}

function ruleWords({ spec }: AskedRestore): readonly string[] {
  const { limits } = spec
  return [
    ...spec.include.flatMap((glob) => ['--include', glob]),
    ...spec.exclude.flatMap((glob) => ['--exclude', glob]),
    ...said('--db', spec.dbs?.join(',')),
    ...said('--type', spec.types?.join(',')),
    ...said('--exclude-type', spec.excludeTypes?.join(',')),
    ...said('--slots', spec.slots && saySlots(spec.slots, ',')),
    ...said('--target-db', spec.targetDb),
    ...pairs(spec.dbMap).flatMap((pair) => ['--db-map', pair]),
    ...said('--strip-prefix', spec.stripPrefix),
    ...said('--add-prefix', spec.addPrefix),
    ...pairs(spec.dbPrefix).flatMap((pair) => ['--db-prefix', pair]),
    ...said('--ttl', sayTtl(spec.ttl)),
    ...unless('stop', '--cannot-hold', spec.cannotHold),
    ...unless('stop', '--field-ttl', spec.fieldExpiry),
    ...said('--max-bytes', limits.bytesPerSecond),
    ...said('--max-keys', limits.keysPerSecond),
    ...said('--max-latency', limits.latencyMs),
    ...unless(8, '-n', spec.connections),
    ...unless('fail', '--on-conflict', spec.onConflict),
    ...said('--until', spec.until === undefined ? undefined : new Date(spec.until).toISOString()),
  ]
}

const said = (flag: string, value: string | number | undefined): readonly string[] =>
  value === undefined ? [] : [flag, String(value)]

const unless = (usual: string | number, flag: string, value: string | number): readonly string[] =>
  value === usual ? [] : [flag, String(value)]

const pairs = (map: Readonly<Record<string, string | number>> = {}): readonly string[] =>
  Object.entries(map).map(([name, value]) => `${name}:${value}`)

const sayTtl = (ttl: TtlRule): string | undefined =>
  ttl.rule === 'keep' ? undefined : ttl.rule === 'none' ? 'none' : `${ttl.rule}:${ttl.ms / 1000}s`

/** A word that means itself to the shell: `sh` and its kin, or the command prompt of Windows. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./\\-]+$/.test(word) && !(word.includes('\\') && process.platform !== 'win32')) return word
  return process.platform === 'win32' ? `"${word.replace(/"/g, '\\"')}"` : `'${word.replace(/'/g, "'\\''")}'`
}

/** Whether its data came by standard input: to go on, they have to come that way again. */
export function readsStdin({ spec }: AskedRestore): boolean {
  return spec.files.includes(stdinInput)
}
