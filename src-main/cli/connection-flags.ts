import type { Command } from 'commander'
import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'
import { parseAddress, type Address } from './address.ts'
import { askHidden } from './terminal/hidden-prompt.ts'

/** Which server of the two a command line speaks of; each has its own flags. */
export type Side = 'target' | 'source'

interface SideFlags {
  /** As they are typed. */
  readonly address: string
  readonly password: string
  readonly environment: string
  /** What the names of the other flags begin with. */
  readonly prefix: string
}

const sides: Readonly<Record<Side, SideFlags>> = {
  target: { address: '-t', password: '-A', environment: 'KEYFERRY_TARGET_PASSWORD', prefix: '' },
  source: { address: '-f', password: '-P', environment: 'KEYFERRY_SOURCE_PASSWORD', prefix: 'source-' },
}

/** The flags of a server as commander hands them over, for both sides. */
export type ConnectionFlags = Readonly<Record<string, unknown>>

/** Adds the flags that say how to reach one server. */
export function addConnectionFlags(command: Command, side: Side): Command {
  const { address, password, environment, prefix } = sides[side]
  const name = (flag: string): string => `--${prefix}${flag}`
  return command
    .requiredOption(
      `${address}, --${side} <address>`,
      `the ${side}: HOST:PORT, [IPv6]:PORT, redis://user:password@host:port/db or rediss://…`,
    )
    .option(
      `${password}, ${name('password')} <password>`,
      `its password; "-" asks for it without showing it (or set ${environment})`,
    )
    .option(`${name('user')} <name>`, 'its ACL user')
    .option(name('tls'), 'connect with TLS')
    .option(`${name('ca')} <file>`, 'PEM file of the authority to trust')
    .option(`${name('cert')} <file>`, 'PEM file of our own certificate')
    .option(`${name('key')} <file>`, 'PEM file of its key')
    .option(`${name('servername')} <name>`, 'the name its certificate must bear')
    .option(name('insecure'), 'do not verify its certificate')
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
  const text = (flag: string): string | undefined => {
    const value = flags[camelCase(prefix + flag)]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const address = parseAddress(String(flags[side]), field)
  const given = text('password')
  const password =
    given === '-'
      ? await ask(`Password of ${address.host}: `)
      : (given ?? address.password ?? process.env[environment])
  const username = text('user') ?? address.username
  if (username !== undefined && !password)
    fail('usage.invalid', { field: `--${prefix}user`, reason: `a user needs a password (${passwordFlag})` })
  const tls = readTls(text, address, flags, prefix)
  return {
    connection: {
      host: address.host,
      port: address.port,
      ...(username === undefined ? {} : { username }),
      ...(password ? { password } : {}),
      ...(tls === undefined ? {} : { tls }),
    },
    db: address.db,
  }
}

/** Naming a certificate or an authority asks for TLS as plainly as `--tls` does. */
function readTls(
  text: (flag: string) => string | undefined,
  address: Address,
  flags: ConnectionFlags,
  prefix: string,
): Connection['tls'] {
  const [ca, cert, key, servername] = [text('ca'), text('cert'), text('key'), text('servername')]
  const insecure = flags[camelCase(`${prefix}insecure`)] === true
  if ((cert === undefined) !== (key === undefined))
    fail('usage.invalid', {
      field: `--${prefix}cert`,
      reason: 'a certificate and its key are named together',
    })
  const asked = flags[camelCase(`${prefix}tls`)] === true || address.tls
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
