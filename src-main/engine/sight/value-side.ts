import type { SideSight, SightFact } from '#contract/sight.ts'

/** An element of a collection. Equal elements have equal names, parts and expiries. */
export interface Unit {
  /** A field, a member, a place in a list as text, an entry's id. */
  readonly name: Buffer
  /** A field's value, a score as text, a list's element; fields and values of an entry in turns; none for a set. */
  readonly parts: readonly Buffer[]
  /** Of a hash's field: absolute milliseconds; -1 for never. */
  readonly expireAt: number
}

/** A key's value at one side, read in pieces. */
export interface ValueSide {
  readonly sight: SideSight
  /** The bytes [from, from + count) of a string, or of what stands for a module's value; none of anything else. */
  bytes(from: number, count: number): Promise<Buffer>
  /** Some elements: from the beginning without a cursor, else from where the slice before ended. */
  slice(cursor: string | null): Promise<{ readonly units: readonly Unit[]; readonly next: string | null }>
  /** The elements of these names, in their order; places of a list follow one another. */
  find(names: readonly Buffer[]): Promise<readonly (Unit | null)[]>
  /** Of a stream: what it knows of itself and its groups. */
  facts(): Promise<ReadonlyMap<string, string>>
}

/** Facts of both sides, beside each other; those of the source first. */
export function besideEachOther(
  source: ReadonlyMap<string, string>,
  target: ReadonlyMap<string, string>,
): readonly SightFact[] {
  const names = new Set([...source.keys(), ...target.keys()])
  return [...names].map((name) => ({
    name,
    source: source.get(name) ?? null,
    target: target.get(name) ?? null,
  }))
}

/** What has no elements, no bytes, no facts: a key that is not there. */
export const noValue: ValueSide = {
  sight: { type: 'none', encoding: null, length: null, expireAt: -1, cut: false },
  bytes: () => Promise.resolve(Buffer.alloc(0)),
  slice: () => Promise.resolve({ units: [], next: null }),
  find: (names) => Promise.resolve(names.map(() => null)),
  facts: () => Promise.resolve(new Map()),
}
