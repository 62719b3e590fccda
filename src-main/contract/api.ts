import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { connectionSchema, type ServerFacts } from './connection.ts'
import type { Failure } from './failure.ts'
import type { FileReport } from './inspect.ts'
import { restoreSpecSchema, type RestoreProgress, type RestoreResult } from './restore.ts'

/**
 * Everything a console may ask and hear, once, for every transport. No procedure throws: each answers
 * `{ ok }` or `{ failed }`, so a failure reaches the console whole, whatever carries it.
 */
export type Answer<T> = { readonly ok: T } | { readonly failed: Failure }

/** Output types are checked by the compiler at both ends; only input comes from outside and is validated. */
const answer = <T>() => z.custom<Answer<T>>()

/** What this host can do, asked by the console instead of guessing where it runs. */
export interface HostCapabilities {
  readonly shell: 'desktop' | 'browser'
  readonly version: string
  readonly platform: string
  /** `native`: a file dialog of the system opens; `browse`: folders are listed by `files.list`. */
  readonly filePicker: 'native' | 'browse'
  /** The folder `files.list` starts in. */
  readonly home: string
}

export interface FolderEntry {
  readonly name: string
  readonly path: string
  readonly kind: 'folder' | 'file'
  /** Bytes; 0 for folders. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number
}

export interface FolderListing {
  readonly path: string
  readonly parent: string | null
  readonly entries: readonly FolderEntry[]
}

/** One restore as a console sees it: running or ended, kept until the app closes. No secret in it. */
export interface RestoreView {
  readonly id: string
  readonly file: string
  readonly target: string
  readonly onConflict: 'fail' | 'skip' | 'replace'
  readonly startedAt: number
  readonly state: 'running' | 'done' | 'failed' | 'cancelled'
  readonly progress: RestoreProgress
  readonly result: RestoreResult | null
  readonly failure: Failure | null
}

const idInput = z.strictObject({ id: z.string().min(1).max(64) })

export const contract = {
  host: {
    capabilities: oc.output(answer<HostCapabilities>()),
  },
  files: {
    /** Opens the system's dialog; null when the person closed it. Only where `filePicker` is `native`. */
    pick: oc.output(answer<string | null>()),
    list: oc.input(z.strictObject({ path: z.string().max(4096).optional() })).output(answer<FolderListing>()),
    /** Reads the whole file once, checks it, and tells what is in it. */
    inspect: oc.input(z.strictObject({ path: z.string().min(1).max(4096) })).output(answer<FileReport>()),
  },
  connections: {
    test: oc.input(connectionSchema).output(answer<ServerFacts>()),
  },
  restores: {
    list: oc.output(answer<readonly RestoreView[]>()),
    start: oc.input(restoreSpecSchema).output(answer<RestoreView>()),
    cancel: oc.input(idInput).output(answer<RestoreView>()),
    /** The newest view at once, then on every change (at most four a second), until it has ended. */
    watch: oc.input(idInput).output(eventIterator(answer<RestoreView>())),
  },
}
