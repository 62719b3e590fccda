import { z } from 'zod'
import { fail } from './failure.ts'
import {
  endpointInputSchema,
  profileOptionsSchema,
  type EndpointInput,
  type EndpointView,
  type ProfileInput,
  type ProfileView,
} from './profile.ts'
import { fileNameOf, type TextFile } from './text-file.ts'

/** Files of saved profiles end so. */
export const profileFileEnding = '.keyferry'
/** Bytes. A profile is a few hundred; whatever is larger is something else. */
export const largestProfileFile = 1024 * 1024

const format = 'keyferry-profile'
/** Raised when a reader of the version before would misunderstand a file. */
const formatVersion = 1

/** Strict: a field that is not understood is a part of the plan that would be lost without a word. */
const profileFileSchema = z.strictObject({
  format: z.literal(format),
  formatVersion: z.literal(formatVersion),
  name: z.string().trim().min(1).max(120),
  source: endpointInputSchema.nullable(),
  target: endpointInputSchema.nullable(),
  options: profileOptionsSchema,
})

/** What tells the file's kind even where the rest is newer than we are. */
const headSchema = z.object({ format: z.literal(format), formatVersion: z.int() })

/** A profile as a file for another person or machine: JSON, without its secrets, which are asked for there. */
export function writeProfileFile({ name, source, target, options }: ProfileView): TextFile {
  const file: z.input<typeof profileFileSchema> = {
    format,
    formatVersion,
    name,
    source: endpointInFile(source),
    target: endpointInFile(target),
    options,
  }
  return {
    name: `${fileNameOf(name, 'profile')}${profileFileEnding}`,
    text: `${JSON.stringify(file, null, 2)}\n`,
  }
}

/**
 * Reads such a file as the profile to be saved. `name` is what the file is called, for failures. Fails with
 * `profile.not-a-file` or `profile.file-newer`.
 */
export function readProfileFile(text: string, name: string): ProfileInput {
  const json = parse(text)
  const head = headSchema.safeParse(json)
  if (!head.success) fail('profile.not-a-file', { file: name })
  if (head.data.formatVersion > formatVersion)
    fail('profile.file-newer', { file: name, version: head.data.formatVersion })
  const file = profileFileSchema.safeParse(json)
  if (!file.success)
    return fail('profile.not-a-file', { file: name, field: file.error.issues[0]?.path.join('.') ?? '' })
  return {
    name: file.data.name,
    source: withoutTrust(file.data.source),
    target: withoutTrust(file.data.target),
    options: file.data.options,
  }
}

/** The first name not taken: as it is, or with a number behind it. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name
  for (let number = 2; taken.has(free); number += 1) free = `${name.slice(0, 110)} (${number})`
  return free
}

function endpointInFile(view: EndpointView | null): z.input<typeof endpointInputSchema> | null {
  if (view === null) return null
  const { host, port, username, tls, via, sentinel, instanceId, access, others, passwordKept, secretsKept } =
    view
  const asksForPassword = passwordKept !== 'none'
  return {
    host,
    port,
    ...(username !== null && { username }),
    ...(tls !== null && { tls }),
    ...(via !== null && { via }),
    ...(sentinel !== null && { sentinel }),
    ...(instanceId !== undefined && { instanceId }),
    ...(access !== undefined && { access }),
    ...(others !== undefined && { others: [...others] }),
    ...((asksForPassword || Object.keys(secretsKept).length > 0) && { ask: true }),
    ...(!asksForPassword && { password: null }),
  }
}

/**
 * Which SSH servers are the right ones each person finds out himself: a file could vouch for any. Nor does it name what
 * is kept here.
 */
function withoutTrust(endpoint: EndpointInput | null): EndpointInput | null {
  if (endpoint === null) return null
  const { saved: _elsewhere, ...own } = endpoint
  return own.via?.kind === 'ssh' ? { ...own, via: { ...own.via, acceptedKeys: [] } } : own
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
