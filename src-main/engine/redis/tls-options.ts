import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Connection } from '#contract/connection.ts'
import { fail } from '#contract/failure.ts'

/**
 * What `tls.connect` needs for this connection, with the PEM files read; undefined for a plain one. The
 * server is verified unless that was switched off by name.
 */
export async function tlsOptionsOf(
  connection: Pick<Connection, 'host' | 'tls'>,
): Promise<ConnectionOptions | undefined> {
  const { host, tls } = connection
  if (!tls) return undefined
  const [ca, cert, key] = await Promise.all([readPem(tls.ca), readPem(tls.cert), readPem(tls.key)])
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined)
  return {
    rejectUnauthorized: tls.verify,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    // Without a name to send, the certificate is checked against the address that was typed.
    ...(servername !== undefined && { servername }),
  }
}

async function readPem(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file)
  } catch (thrown) {
    return fail('tls.file-unreadable', { file }, (thrown as NodeJS.ErrnoException).code)
  }
}
