import { makeFailure, type Failure } from '#contract/failure.ts'
import { hostAndPort, type Hop, type SshVia } from '#contract/tunnel.ts'
import { fingerprintOf, KnownHosts, typeOfKey } from './known-hosts.ts'

/** Judges the key that one SSH server shows: by the keys a person accepted for this connection, then by `known_hosts`. */
export class HostCheck {
  readonly #hop: Hop
  readonly #known: KnownHosts
  /** Accepted for any server, and for this one by type. */
  readonly #anywhere: ReadonlySet<string>
  readonly #here: ReadonlyMap<string, string>

  private constructor(hop: Hop, known: KnownHosts, acceptedKeys: readonly string[]) {
    this.#hop = hop
    this.#known = known
    const entries = acceptedKeys.map((entry) => entry.split(' '))
    this.#anywhere = new Set(entries.flatMap((parts) => (parts.length === 1 ? parts : [])))
    const address = hostAndPort(hop)
    this.#here = new Map(
      entries.flatMap(([server, type = '', fingerprint]) =>
        server === address && fingerprint !== undefined ? [[type, fingerprint] as const] : [],
      ),
    )
  }

  /** Fails with `ssh.file-unreadable`. */
  static async for(hop: Hop, { knownHosts, acceptedKeys }: SshVia): Promise<HostCheck> {
    return new HostCheck(hop, await KnownHosts.read(knownHosts), acceptedKeys)
  }

  /** Key types to ask the server for first: with another one that is right too it would look like a stranger. */
  get keyTypes(): readonly string[] {
    const { host, port } = this.#hop
    return [...this.#here.keys(), ...this.#known.keyTypes(host, port)]
  }

  /** Null if the key is that of the server; else why not. */
  refusal(key: Buffer): Failure | null {
    const { host, port } = this.#hop
    const fingerprint = fingerprintOf(key)
    const params = { address: hostAndPort(this.#hop), keyType: typeOfKey(key), fingerprint }
    const verdict = this.#known.judge(host, port, key)
    if (verdict.is === 'known') return null
    if (verdict.is === 'revoked' || verdict.is === 'changed') {
      const { file, line } = verdict
      const code = verdict.is === 'revoked' ? 'ssh.host-key-revoked' : 'ssh.host-key-changed'
      return makeFailure(code, { ...params, file, line })
    }
    const accepted = [...this.#here.values()]
    if (accepted.includes(fingerprint) || this.#anywhere.has(fingerprint)) return null
    if (accepted.length > 0) return makeFailure('ssh.host-key-changed', params)
    // With the key itself, so that it can be written down once a person has said yes.
    return makeFailure('ssh.unknown-host', { ...params, key: key.toString('base64') })
  }
}
