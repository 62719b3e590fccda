import type { Piece, SightCell, SightRow } from '#contract/sight.ts'
import type { Unit, ValueSide } from './value-side.ts'

/** A part ends when it has so many rows, or has gone through so many elements. */
const rowsAtOnce = 100
const passedAtOnce = 20_000
/** Bytes of one element that are told. */
const pieceBytes = 2_048

interface Part {
  readonly rows: readonly SightRow[]
  readonly next: string | null
  readonly passed: number
}

/**
 * Elements of both sides beside each other: all of the source's with their others, then what only the target has.
 * Of a source that was cut only what was read of it. `cursor`: the `next` of the part before. Only what differs, unless `all`.
 */
export async function pairUp(
  source: ValueSide,
  target: ValueSide,
  cursor: string | undefined,
  all: boolean,
): Promise<Part> {
  const areAlike = source.sight.type === target.sight.type
  const rows = new Map<string, SightRow>()
  let [phase, at] = readCursor(cursor)
  let passed = 0
  while (phase !== null) {
    const [side, other] = phase === 'source' ? [source, target] : [target, source]
    const { units, next } = await side.slice(at)
    const others: readonly (Unit | null)[] =
      areAlike && units.length > 0 ? await other.find(units.map(({ name }) => name)) : []
    for (const [index, unit] of units.entries()) {
      const there = others[index] ?? null
      // The source's phase has told it.
      if (phase === 'target' && there !== null) continue
      const differs = there === null || !same(unit, there)
      if (differs || all) rows.set(unit.name.toString('latin1'), row(phase, unit, there, differs))
    }
    passed += units.length
    at = next
    // Of a source that was not read to its end nobody knows what only the target has.
    if (next === null) phase = phase === 'source' && !source.sight.cut ? 'target' : null
    if (rows.size >= rowsAtOnce || passed >= passedAtOnce) break
  }
  const next = phase === null ? null : `${phase}:${at ?? ''}`
  return { rows: [...rows.values()], next, passed }
}

type Phase = 'source' | 'target'

function readCursor(cursor: string | undefined): [Phase | null, string | null] {
  if (cursor === undefined) return ['source', null]
  const at = cursor.slice(cursor.indexOf(':') + 1)
  return [cursor.startsWith('target:') ? 'target' : 'source', at === '' ? null : at]
}

function row(phase: Phase, unit: Unit, other: Unit | null, differs: boolean): SightRow {
  const cells = { [phase]: cellOf(unit) } as Partial<Record<Phase, SightCell>>
  const beside = other === null ? null : cellOf(other)
  return { name: pieceOf(unit.name), source: cells.source ?? null, target: cells.target ?? beside, differs }
}

function same(a: Unit, b: Unit): boolean {
  return (
    a.expireAt === b.expireAt &&
    a.parts.length === b.parts.length &&
    a.parts.every((part, index) => part.equals(b.parts[index]!))
  )
}

function cellOf({ parts, expireAt }: Unit): SightCell {
  return { value: pieceOf(parts.length === 1 ? parts[0]! : joined(parts)), expireAt }
}

const equals = Buffer.from('=')
const newline = Buffer.from('\n')

/** Fields of an entry, one a line. */
function joined(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part, index) => [...(index === 0 ? [] : [index % 2 === 1 ? equals : newline]), part]),
  )
}

function pieceOf(bytes: Buffer): Piece {
  return { base64: bytes.subarray(0, pieceBytes).toString('base64'), length: bytes.length }
}
