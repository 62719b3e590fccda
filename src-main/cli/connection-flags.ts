import { Option, type Command } from 'commander'
import { addressOf, type Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { parseAddress, parseSentinels, type Address } from './address.ts'
import { otherOptions } from './command.ts'
import { gather, someText } from './option-values.ts'
import { askHidden } from './terminal/hidden-prompt.ts'
import { trustHostKeys } from './trust-host-keys.ts'
import { addWayFlags, readWay, type FlagReader } from './way-flags.ts'

/** Which server of the two a command line speaks of; each has its own flags. */
export type Side = 'target' | 'source'

interface SideFlags {
  /** As they are typed. */
  readonly address: string
  readonly password: string
  /** What the names of the environment's variables begin with. */
  readonly environment: string
  /** What the names of the other flags begin with. */
  readonly prefix: string
}

const sides: Readonly<Record<Side, SideFlags>> = {
  target: { address: '-t', password: '-A', environment: 'KEYFERRY_TARGET_', prefix: '' },
  source: { address: '-f', password: '-P', environment: 'KEYFERRY_SOURCE_', prefix: 'source-' },
}

/** The flags of a server as commander hands them over, for both sides. */
export type ConnectionFlags = Readonly<Record<string, unknown>>

/** How often a server is named on a command line. */
export type Presence = 'required' | 'optional' | 'several' | 'optional-several'

/** Adds the flags that say how to reach a server; `optional`: it need not be named; `several`: it may be repeated. */
export function addConnectionFlags(command: Command, side: Side, presence: Presence = 'required'): Command {
  const { address, password, environment, prefix } = sides[side]
  const name = (flag: string): string => `--${prefix}${flag}`
  const flag = new Option(
    `${address}, --${side} <address>`,
    `the ${side}: HOST:PORT, [IPv6]:PORT, redis://user:password@host:port/db or rediss://…`,
  )
  if (presence.endsWith('several')) flag.argParser(gather)
  command
    .optionsGroup(`The ${side}:`)
    .addOption(flag.makeOptionMandatory(!presence.startsWith('optional')))
    .option(
      `${password}, ${name('password')} <password>`,
      `its password; "-" asks for it without showing it (or set ${environment}PASSWORD)`,
    )
    .option(`${name('user')} <name>`, 'its ACL user')
    .option(name('tls'), 'connect with TLS')
    .option(`${name('ca')} <file>`, 'PEM file of the authority to trust', someText)
    .option(`${name('cert')} <file>`, 'PEM file of our own certificate', someText)
    .option(`${name('key')} <file>`, 'PEM file of its key', someText)
    .option(`${name('servername')} <name>`, 'the name its certificate must bear')
    .option(name('insecure'), 'do not verify its certificate')
  if (side === 'target')
    command.option('--proxy', 'it is a proxy (twemproxy, Codis): one key a command, and no questions')
  command.optionsGroup(`How the ${side} is reached:`)
  return addWayFlags(command, prefix, environment).optionsGroup(otherOptions)
}

/** A server as the command line names it, and the database its URL names. */
export interface NamedServer {
  readonly connection: Connection
  readonly db: number | undefined
}

/**
 * Reads the flags of one side. The password is the flag's, else the URL's, else the environment's; `-` asks for it.
 * Fails with `usage.invalid`.
 */
export async function readConnection(
  flags: ConnectionFlags,
  side: Side,
  ask: (question: string) => Promise<string> = askHidden,
): Promise<NamedServer> {
  const { address: field, password: passwordFlag, environment, prefix } = sides[side]
  const reader = flagReader(flags, prefix, environment, ask)
  const { text } = reader
  const [address, ...others] =
    text('sentinel') === undefined
      ? [parseAddress(String(flags[side]), field)]
      : parseSentinels(String(flags[side]), field)
  const given = text('password')
  const password =
    given === '-'
      ? await ask(`Password of ${addressOf(address)}: `)
      : (given ?? address.password ?? process.env[`${environment}PASSWORD`])
  const username = text('user') ?? address.username
  if (username !== undefined && !password)
    fail('usage.invalid', { field: `--${prefix}user`, reason: `a user needs a password (${passwordFlag})` })
  const tls = readTls(reader, address)
  const connection: Connection = {
    host: address.host,
    port: address.port,
    ...(username === undefined ? {} : { username }),
    ...(password ? { password } : {}),
    ...(tls === undefined ? {} : { tls }),
    ...(await readWay(reader, others)),
    ...(side === 'target' && reader.isSet('proxy') ? { proxy: true } : {}),
  }
  return { connection: await trustHostKeys(connection), db: address.db }
}

/** The same where a side may be named several times: all else that is said of it holds for each. */
export async function readConnections(flags: ConnectionFlags, side: Side): Promise<readonly Connection[]> {
  const named = flags[side]
  const read: Connection[] = []
  for (const one of Array.isArray(named) ? named.map(String) : []) {
    const { connection } = await readConnection({ ...flags, [side]: one }, side)
    read.push(connection)
  }
  return read
}

function flagReader(
  flags: ConnectionFlags,
  prefix: string,
  environment: string,
  ask: (question: string) => Promise<string>,
): FlagReader {
  const value = (flag: string): unknown => flags[camelCase(prefix + flag)]
  const text = (flag: string): string | undefined => {
    const given = value(flag)
    return typeof given === 'string' && given !== '' ? given : undefined
  }
  return {
    typed: (flag) => `--${prefix}${flag}`,
    text,
    isSet: (flag) => value(flag) === true,
    list(flag) {
      const given = value(flag)
      return Array.isArray(given) ? given.map(String) : []
    },
    async secret(flag, question) {
      const given = text(flag) ?? process.env[environment + flag.toUpperCase().replace(/-/g, '_')]
      return (given === '-' ? await ask(question) : given) || undefined
    },
  }
}

/** Naming a certificate or an authority asks for TLS as plainly as `--tls` does. */
function readTls({ text, isSet, typed }: FlagReader, address: Address): Connection['tls'] {
  const [ca, cert, key, servername] = [text('ca'), text('cert'), text('key'), text('servername')]
  const insecure = isSet('insecure')
  if ((cert === undefined) !== (key === undefined))
    fail('usage.invalid', { field: typed('cert'), reason: 'a certificate and its key are named together' })
  const asked = isSet('tls') || address.tls
  if (!asked && !insecure && [ca, cert, servername].every((one) => one === undefined)) return undefined
  return {
    verify: !insecure,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
  }
}

/** As commander names the value of `--source-ca`. */
function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
