import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createPlainServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { isIP } from 'node:net'
import { fail } from '#contract/failure.ts'
import { isThisMachine, type HostRule } from './origin.ts'

/** PEM files: the certificate, with those that lead to its authority behind it, and its key. */
export interface TlsPaths {
  readonly cert: string
  readonly key: string
}

/** How a console is reached. */
export interface Listening {
  readonly server: Server
  readonly scheme: 'http' | 'https'
  readonly isOwnHost: HostRule
  /** The name or address that stands in printed addresses. */
  readonly name: string
}

/**
 * A server for `host`, not listening yet. Beyond this machine only under TLS: fails with `serve.tls-needed`. Fails with
 * `file.*` or `serve.tls-unusable` where certificate and key are none.
 */
export function prepareListening(host: string, tls: TlsPaths | undefined): Listening {
  if (tls === undefined) {
    if (!isLoopback(host)) return fail('serve.tls-needed', { host })
    return { server: createPlainServer(), scheme: 'http', isOwnHost: isThisMachine, name: inAddress(host) }
  }
  const [cert, key] = [tls.cert, tls.key].map(read)
  try {
    const certificate = new X509Certificate(cert!)
    const server = createTlsServer({ cert, key, minVersion: 'TLSv1.2' })
    return { server, scheme: 'https', isOwnHost: hostRule(certificate), name: nameFor(host, certificate) }
  } catch (thrown) {
    return fail('serve.tls-unusable', { ...tls }, String(thrown))
  }
}

/**
 * Ours is what the certificate says we are, and any plain address: nobody can have an address resolve to another one, as
 * DNS rebinding does with a name.
 */
function hostRule(certificate: X509Certificate): HostRule {
  return (host) => {
    const [, name = '', inner] = /^(\[([0-9a-f:.]+)\]|[^[\]:@/#?\s,]+)(?::\d{1,5})?$/i.exec(host ?? '') ?? []
    if (name === '') return false
    if (isIP(inner ?? name) !== 0) return true
    return isThisMachine(name) || certificate.checkHost(name) !== undefined
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** What a browser can go to without a warning, if there is anything. */
function nameFor(host: string, certificate: X509Certificate): string {
  const covers = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)
  if (covers !== undefined) return inAddress(host)
  const named = /DNS:([^,*\s]+)/.exec(certificate.subjectAltName ?? '')?.[1]
  return named ?? inAddress(host)
}

function inAddress(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    return fail(code === 'ENOENT' ? 'file.not-found' : 'file.not-readable', { file }, code)
  }
}
