import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Looks at processes as Linux shows them. */

/** The processes below `root`, and itself. */
function treeOf(root: number): readonly number[] {
  const tree = [root]
  for (const pid of tree)
    for (const thread of quietly(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
      const children = quietly(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')) ?? ''
      tree.push(...(children.match(/\d+/g) ?? []).map(Number))
    }
  return tree
}

/** Those below `root` whose command is so named. */
export function childrenOf(root: number, name: RegExp): readonly number[] {
  return treeOf(root).filter((pid) =>
    name.test(quietly(() => readFileSync(`/proc/${pid}/comm`, 'utf8')) ?? ''),
  )
}

/** The command lines of `root` and all below it, as anybody on the machine may read them. */
export function commandLinesOf(root: number): string {
  return treeOf(root)
    .map((pid) => quietly(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '')
    .join('\n')
}

export function isRunning(pid: number): boolean {
  const state = quietly(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.charAt(0))
  return state !== undefined && state !== 'Z'
}

export interface OutsideWatch {
  /** Ends it: the addresses beyond this machine that were seen, as `/proc/net` writes them. */
  stop(): readonly string[]
}

const lookEveryMs = 200

/** Watches for sockets of `root` and all below it that lead beyond this machine, or ask for a name. */
export function watchOutside(root: number): OutsideWatch {
  const seen = new Set<string>()
  const look = (): void => {
    const own = new Set(treeOf(root).flatMap(socketsOf))
    for (const { inode, remote } of sockets()) if (own.has(inode) && isOutside(remote)) seen.add(remote)
  }
  look()
  const timer = setInterval(look, lookEveryMs)
  return {
    stop() {
      clearInterval(timer)
      look()
      return [...seen]
    },
  }
}

function socketsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`
  return (quietly(() => readdirSync(folder)) ?? []).flatMap((fd) => {
    const link = quietly(() => readlinkSync(`${folder}/${fd}`)) ?? ''
    return /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []
  })
}

function sockets(): readonly { readonly inode: string; readonly remote: string }[] {
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
    (quietly(() => readFileSync(`/proc/net/${table}`, 'utf8')) ?? '')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, , remote, , , , , , , inode] = line.trim().split(/\s+/)
        return remote === undefined || inode === undefined ? [] : { inode, remote }
      }),
  )
}

/** Addresses are written as words of the machine's byte order, ports plainly; nobody yet has port 0. */
function isOutside(remote: string): boolean {
  const [address = '', port = ''] = remote.split(':')
  if (port === '0000') return false
  const loopback = /^(0100007F|0{24}01000000|0{16}FFFF00000100007F)$/.test(address)
  return !loopback || port === '0035'
}

/** What was there a moment ago may be gone. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
