import type { AppliedCommands } from '#contract/restore.ts'
import { bytes } from './figures.ts'

/** What of append-only files goes by because they end inside a command or a transaction, one string a line. */
export function cutOffLines(cutOff: AppliedCommands['cutOff']): readonly string[] {
  return cutOff.map(({ file, offset, bytes: size, inTransaction }) => {
    const inside = inTransaction ? 'a transaction' : 'a command'
    return `${file} ends inside ${inside}: as a server would, ${bytes(size)} from byte ${offset} on are left away.`
  })
}
