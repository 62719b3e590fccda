import { infoNumber, type Info } from './info.ts'

/** Where a server stands in its replication stream (INFO replication; streams have names since 4.0). */
export interface ReplicationState {
  readonly role: 'master' | 'replica' | 'unknown'
  readonly replid: string | null
  readonly offset: number
  /** The stream it followed before it became a master itself, and the offset of the last byte it has of it. */
  readonly earlier: { readonly replid: string; readonly offset: number } | null
}

export function replicationOf(info: Info): ReplicationState {
  const role = info.get('role')
  const earlier = info.get('master_replid2')
  // `second_repl_offset` is the first byte that it no longer has in common; -1 where it never followed another.
  const fork = infoNumber(info, 'second_repl_offset') ?? -1
  return {
    role: role === 'master' ? 'master' : role === 'slave' ? 'replica' : 'unknown',
    replid: info.get('master_replid') ?? null,
    offset: infoNumber(info, 'master_repl_offset') ?? 0,
    earlier: earlier === undefined || fork < 0 ? null : { replid: earlier, offset: fork - 1 },
  }
}

/** Where a server says that its replicas are: `slave0:ip=127.0.0.1,port=6380,…`, up to 2.6 `slave0:127.0.0.1,6380,online` (`genRedisInfoString`). */
export function replicaPlaces(info: Info): readonly { readonly host: string; readonly port: number }[] {
  const places: { host: string; port: number }[] = []
  for (const [name, value] of info) {
    if (!/^slave\d+$/.test(name)) continue
    const found = /^ip=(.*?),port=(\d+)/.exec(value) ?? /^(.*?),(\d+),/.exec(value)
    if (found !== null) places.push({ host: found[1]!, port: Number(found[2]) })
  }
  return places
}
