import { toFailure, type Failure } from '#contract/failure.ts'
import { hostAndPort, type SshVia } from '#contract/tunnel.ts'
import { addKnownHost, userKnownHosts } from './known-hosts.ts'
import { borrowSession } from './sessions.ts'

/**
 * Opens a tunnel once and gives the `ssh.unknown-host` it fails with; null where all its servers are known, or where
 * something else is in the way.
 */
export async function unknownHostOf(via: SshVia): Promise<Failure | null> {
  try {
    using _session = await borrowSession(via)
    return null
  } catch (thrown) {
    const failure = toFailure(thrown)
    return failure.code === 'ssh.unknown-host' ? failure : null
  }
}

/** Adds the key an `ssh.unknown-host` tells of to the `known_hosts` file of the tunnel. Rejects as writing a file does. */
export async function rememberHostKey(via: SshVia, { params }: Failure): Promise<void> {
  const hop = via.hops.find((one) => hostAndPort(one) === params['address'])
  if (hop === undefined) return
  const key = Buffer.from(String(params['key']), 'base64')
  await addKnownHost(via.knownHosts ?? userKnownHosts(), hop.host, hop.port, key)
}
