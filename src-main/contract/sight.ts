import { z } from 'zod'

/** Which part of a key is looked at. */
export const sightPartSchema = z.strictObject({
  /** Of a string: its bytes from here on. */
  byte: z.int().min(0).default(0),
  /** From the first byte, not before `byte`, that differs; where none does, from `byte`. */
  seek: z.boolean().default(false),
  /** Of a collection: as `next` of the part before; absent for the beginning. */
  cursor: z.string().max(200).optional(),
  /** Elements that are equal as well. */
  all: z.boolean().default(false),
})
export type SightPart = z.infer<typeof sightPartSchema>

/** Bytes, cut where they are many. */
export interface Piece {
  readonly base64: string
  /** All of them, in bytes. */
  readonly length: number
}

/** One element at one side: a field's value, a member's score, an element of a list, the fields of an entry. */
export interface SightCell {
  readonly value: Piece
  /** Of a field: absolute milliseconds; -1 for never. */
  readonly expireAt: number
}

/** One element beside its other. */
export interface SightRow {
  /** A field, a member, a place in a list (from 0), an entry's id. */
  readonly name: Piece
  readonly source: SightCell | null
  readonly target: SightCell | null
  readonly differs: boolean
}

/** What a stream knows of itself and of its groups, in the server's own words. */
export interface SightFact {
  readonly name: string
  readonly source: string | null
  readonly target: string | null
}

export interface SideSight {
  /** As TYPE says; `none` where the key is not there. */
  readonly type: string
  /** As OBJECT ENCODING says; null where that is not known. */
  readonly encoding: string | null
  /** Bytes of a string, elements of a collection; null where that cannot be told. */
  readonly length: number | null
  /** Absolute milliseconds; -1 for never, Infinity for a time that only the moment of writing told. */
  readonly expireAt: number
  /** Only the beginning of the value was read: it is in a backup, and large. */
  readonly cut: boolean
}

/** The same bytes of both sides; empty where a side has none there, or is no string. */
export interface BytesSight {
  readonly from: number
  /** base64 */
  readonly source: string
  readonly target: string
}

/** One key as both sides have it: a part of it. */
export interface KeySight {
  readonly source: SideSight
  readonly target: SideSight
  /** Null where neither side is a string or a module's value. */
  readonly bytes: BytesSight | null
  readonly rows: readonly SightRow[]
  readonly facts: readonly SightFact[]
  /** Where to look on; null at the end. */
  readonly next: string | null
  /** Elements gone through for this part. */
  readonly passed: number
}

/** Bytes of a string that one part shows. */
export const windowBytes = 8_192
