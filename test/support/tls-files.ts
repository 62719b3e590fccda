import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of PEM files: an authority of its own, and a server's and a client's certificate signed by it. */
export interface TlsFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly clientCert: string
  readonly clientKey: string
}

export interface TlsFilesOptions {
  /** Subject alternative names of the server's certificate, as openssl writes them. */
  readonly names?: readonly string[]
  /** The server's certificate ran out in 2021. */
  readonly expired?: boolean
}

/** Makes an authority and certificates in `dir`. They hold for two days. */
export function makeTlsFiles(dir: string, options: TlsFilesOptions = {}): TlsFiles {
  const { names = ['DNS:localhost', 'IP:127.0.0.1', 'IP:::1'], expired = false } = options
  const at = (name: string): string => join(dir, name)
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] })
  }
  const makeKey = (name: string): void => openssl('ecparam', '-genkey', '-name', 'prime256v1', '-out', name)

  makeKey('ca.key')
  openssl('req', '-x509', '-new', '-key', 'ca.key', '-days', '2', '-out', 'ca.crt', '-subj', '/CN=Test CA')
  writeFileSync(at('index.txt'), '')
  writeFileSync(at('serial'), '1000\n')
  writeFileSync(at('ca.cnf'), authorityConfig(names))

  const sign = (name: string, extensions: string, ranOut: boolean): void => {
    makeKey(`${name}.key`)
    openssl('req', '-new', '-key', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    const period = ranOut ? ['-startdate', '20200101000000Z', '-enddate', '20210101000000Z'] : ['-days', '2']
    const files = ['-in', `${name}.csr`, '-out', `${name}.crt`]
    openssl('ca', '-batch', '-config', 'ca.cnf', '-extensions', extensions, '-notext', ...period, ...files)
  }
  sign('server', 'server', expired)
  sign('client', 'client', false)

  return {
    ca: at('ca.crt'),
    cert: at('server.crt'),
    key: at('server.key'),
    clientCert: at('client.crt'),
    clientKey: at('client.key'),
  }
}

function authorityConfig(names: readonly string[]): string {
  return `[ca]
default_ca = here
[here]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
policy = any
[any]
commonName = supplied
[server]
subjectAltName = ${names.join(',')}
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
`
}
