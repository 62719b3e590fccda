import type { Whole } from './tally.ts'

/** One line of MONITOR: who asked what, in which database. */
export interface MonitorLine {
  readonly db: number
  /** `host:port`, `unix:…`, or `lua` for what a script asks; empty before 2.6, which does not tell. */
  readonly client: string
  readonly args: readonly Buffer[]
}

const backslash = 92
const quote = 34
const escapes: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, a: 7, b: 8, '\\': 92, '"': 34 }

/**
 * Reads `1700000000.123456 [0 127.0.0.1:5000] "SET" "k" "v"` (`replicationFeedMonitors`; strings as `sdscatrepr` writes
 * them); null for what is no such line.
 */
export function parseMonitorLine(line: Buffer): MonitorLine | null {
  const head = /^\+?\d+\.\d+ (?:\(db (\d+)\) |\[(\d+) ([^\]]*(?:\][^\]"]+)?)\] )?/.exec(
    line.toString('latin1', 0, Math.min(line.length, 256)),
  )
  if (head === null) return null
  const args: Buffer[] = []
  for (let at = head[0].length; at < line.length;) {
    if (line[at] !== quote) return null
    const read = readString(line, at + 1)
    if (read === null) return null
    args.push(read.text)
    at = read.next + 1
  }
  return args.length === 0 ? null : { db: Number(head[1] ?? head[2] ?? 0), client: head[3] ?? '', args }
}

function readString(line: Buffer, from: number): { readonly text: Buffer; readonly next: number } | null {
  const bytes: number[] = []
  for (let at = from; at < line.length; at += 1) {
    const byte = line[at]!
    if (byte === quote) return { text: Buffer.from(bytes), next: at + 1 }
    if (byte !== backslash) {
      bytes.push(byte)
      continue
    }
    at += 1
    const letter = String.fromCharCode(line[at] ?? 0)
    if (letter === 'x') {
      bytes.push(Number.parseInt(line.toString('latin1', at + 1, at + 3), 16))
      at += 2
    } else bytes.push(escapes[letter] ?? line[at] ?? 0)
  }
  return null
}

const scriptWords = /^(EVAL|EVALSHA|FCALL)(_RO)?$/i

/**
 * Puts lines of MONITOR together to what a node would take as one. The commands of a transaction come between MULTI
 * and EXEC of their client; those of a script follow it at once, as those of nobody.
 */
export class MonitorFrame {
  readonly #onWhole: (whole: Whole) => void
  readonly #transactions = new Map<string, { db: number; commands: (readonly Buffer[])[] }>()
  #script: { readonly client: string; readonly db: number; readonly commands: (readonly Buffer[])[] } | null =
    null

  constructor(onWhole: (whole: Whole) => void) {
    this.#onWhole = onWhole
  }

  take({ db, client, args }: MonitorLine): void {
    if (client === 'lua' && this.#script !== null) {
      this.#script.commands.push(args)
      return
    }
    this.end()
    const name = args[0]!.toString('latin1').toUpperCase()
    const transaction = this.#transactions.get(client)
    if (name === 'MULTI') this.#transactions.set(client, { db, commands: [] })
    else if (name === 'DISCARD') this.#transactions.delete(client)
    else if (name === 'EXEC') {
      this.#transactions.delete(client)
      if (transaction !== undefined) this.#onWhole({ what: 'transaction', ...transaction })
    } else if (scriptWords.test(name)) this.#script = { client, db, commands: [args] }
    else if (transaction !== undefined) transaction.commands.push(args)
    else this.#onWhole({ what: 'command', db, commands: [args] })
  }

  /** Nothing more belongs to the script seen last. */
  end(): void {
    const script = this.#script
    if (script === null) return
    this.#script = null
    const transaction = this.#transactions.get(script.client)
    if (transaction !== undefined) transaction.commands.push(...script.commands)
    else this.#onWhole({ what: 'script', db: script.db, commands: script.commands })
  }
}
