import { createHash, randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { placeOf, type Connection } from '#contract/connection.ts'
import { isUrlInput, stdinInput } from '#contract/input-name.ts'
import { askedOf, type RestoreSpec } from '#contract/restore.ts'
import { identifyInput, type InputIdentity } from '../source/input-identity.ts'
import type { LandedInput } from '../source/land-input.ts'
import { noCounts } from './ledger.ts'
import type { JournalEntry } from './restore-journal.ts'

/** A first entry of a restore. `isKept`: it will be on disk, and the inputs are to be known again by it. */
export async function beginEntry(
  spec: RestoreSpec,
  inputs: readonly LandedInput[],
  isKept: boolean,
): Promise<JournalEntry> {
  const identify = async (input: LandedInput, index: number): Promise<InputIdentity> =>
    input.kind === 'folder' || input.kind === 'manifest'
      ? { size: 0, modifiedMs: null, ends: '' }
      : await identifyInput(input.path, input.path !== spec.files[index])
  const identities = isKept ? await Promise.all(inputs.map(identify)) : []
  const { files, target } = wholeOf(spec)
  const ids = journalIdsOf(spec)
  const now = Date.now()
  return {
    format: 1,
    id: inputs.every(({ kind }) => kind === 'rdb') ? ids.rdb : ids.aof,
    run: randomBytes(4).toString('hex'),
    inputs: inputs.map(({ name }) => name),
    identities,
    bytes: identities.reduce((sum, { size }) => sum + size, 0),
    target,
    onConflict: spec.onConflict,
    asked: askedOf(fromAnywhere(spec), files),
    options: optionsOf(spec),
    servers: {},
    ledger: { position: { offset: 0, sourceDb: 0 }, counts: noCounts(), sentOffset: 0, marks: [] },
    mayHaveSent: 0,
    unfinished: null,
    holder: null,
    startedAt: now,
    updatedAt: now,
  }
}

/**
 * Under which it is kept how far a restore of this has come. Of an append-only file the target keeps that: what stands here
 * is nothing to go on from.
 */
export function journalIdsOf(spec: RestoreSpec): { readonly rdb: string; readonly aof: string } {
  const { files, target } = wholeOf(spec)
  const idOf = (named: readonly unknown[]): string => hashOf(named).slice(0, 24)
  return { rdb: idOf([files, target]), aof: idOf(['aof', files, target]) }
}

/** What makes it the same restore, wherever it is asked for. */
function wholeOf({ files, target }: RestoreSpec): {
  readonly files: readonly string[]
  readonly target: string
} {
  return {
    files: files.map((file) => (isUrlInput(file) || file === stdinInput ? file : resolve(file))),
    target: placeOf(target),
  }
}

/** The same order with every path such that it means the same file to whoever goes on with it, wherever that is. */
function fromAnywhere(spec: RestoreSpec): RestoreSpec {
  const { keepIn, target } = spec
  return { ...spec, ...(keepIn !== undefined && { keepIn: resolve(keepIn) }), target: reachable(target) }
}

function reachable(target: Connection): Connection {
  const { tls, via } = target
  return {
    ...target,
    ...(tls !== undefined && { tls: resolved(tls, ['ca', 'cert', 'key']) }),
    ...(via?.kind === 'ssh' && {
      via: { ...resolved(via, ['knownHosts']), hops: via.hops.map((hop) => resolved(hop, ['keyFile'])) },
    }),
  }
}

function resolved<T extends object>(object: T, names: readonly (keyof T)[]): T {
  const paths = names.flatMap((name) => {
    const path = object[name]
    return typeof path === 'string' ? [[name, resolve(path)]] : []
  })
  return { ...object, ...(Object.fromEntries(paths) as Partial<T>) }
}

/** All that decides what is written; not how fast, nor how the target is reached. */
function optionsOf(spec: RestoreSpec): string {
  const others = ['files', 'target', 'connections', 'limits', 'resume', 'stateFolder', 'keepIn']
  return hashOf(Object.entries(spec).filter(([name]) => !others.includes(name)))
}

/** Names of fields come in the order of the schema, which every order has gone through. */
function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
