import type { Limits } from '#contract/limits.ts'
import type { TimeEstimate } from '#contract/restore-plan.ts'

/** What servers of 6.2 to 8.0 took as RESTORE and MSET on two cores: so much for each key and each byte. */
const serverSecondsPerKey = 1 / 400_000
const serverSecondsPerByte = 1 / 300_000_000
/** What they took of the commands of an append-only file, with their checkpoints. */
const serverSecondsPerCommand = 1 / 300_000

/** A command beside the value: its name, the key's, lengths, version and checksum. */
const commandBytes = 64

interface Work {
  readonly keys: number
  readonly bytes: number
}

/** Of append-only files. */
interface Commands {
  readonly total: number
  readonly bytes: number
}

/** `linkBytesPerSecond`: what one connection was seen to take. */
export function estimateTime(
  { keys, bytes }: Work,
  { bytesPerSecond = Infinity, keysPerSecond = Infinity }: Limits,
  linkBytesPerSecond: number,
  commands: Commands = { total: 0, bytes: 0 },
): TimeEstimate {
  const sent = bytes + keys * commandBytes + commands.bytes
  const applying = commands.total * serverSecondsPerCommand
  const estimates: readonly TimeEstimate[] = [
    { boundBy: 'server', seconds: keys * serverSecondsPerKey + bytes * serverSecondsPerByte + applying },
    { boundBy: 'link', seconds: sent / linkBytesPerSecond },
    { boundBy: 'bytes', seconds: sent / bytesPerSecond },
    { boundBy: 'keys', seconds: keys / keysPerSecond },
  ]
  return estimates.reduce((slowest, one) => (one.seconds > slowest.seconds ? one : slowest))
}
