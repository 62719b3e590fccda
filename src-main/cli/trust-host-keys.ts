import type { Connection } from '#contract/connection.ts'
import { FailureError, type Failure } from '#contract/failure.ts'
import { acceptedKeyOf } from '#contract/tunnel.ts'
import { askLine } from './terminal/ask-line.ts'

/** Puts a question to the person at the terminal. */
export type AskPerson = (question: string) => Promise<string | null>

/**
 * Where a person sits at the terminal, opens the tunnel of a connection once and asks, for each SSH server that is
 * not known, whether its key is the right one. A yes is written to `known_hosts`, as `ssh` does, and so asked for
 * once. Everything else, and a server that is not known where nobody can be asked, is left to be told by the work.
 */
export async function trustHostKeys(
  connection: Connection,
  ask: AskPerson | null = process.stdin.isTTY && process.stderr.isTTY ? askLine : null,
): Promise<Connection> {
  const { via } = connection
  if (ask === null || via?.kind !== 'ssh') return connection
  const { rememberHostKey, unknownHostOf } = await import('#engine/ssh/trust.ts')
  let trusted = via
  for (;;) {
    const unknown = await unknownHostOf(trusted)
    if (unknown === null) return { ...connection, via: trusted }
    if (!(await isAccepted(unknown, ask))) throw new FailureError(unknown)
    // Where the file cannot be written, the yes holds for this run.
    await rememberHostKey(trusted, unknown).catch(() => undefined)
    trusted = { ...trusted, acceptedKeys: [...trusted.acceptedKeys, acceptedKeyOf(unknown.params)] }
  }
}

async function isAccepted({ params }: Failure, ask: AskPerson): Promise<boolean> {
  const { address, keyType, fingerprint } = params
  const question =
    `The SSH server ${String(address)} is not known here. Its ${String(keyType)} key is\n` +
    `  ${String(fingerprint)}\nIs that its key? Type yes, the fingerprint, or no: `
  const answer = await ask(question)
  return answer === 'yes' || answer === fingerprint
}
