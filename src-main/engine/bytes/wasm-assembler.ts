/**
 * The few words of WebAssembly that our checksums need, written as functions that return bytes, so that a
 * module is readable source instead of a blob. Encodings: WebAssembly Core Specification, chapter 5.
 */
export type Code = readonly number[]

export const valueType = { i32: 0x7f, i64: 0x7e } as const
type ValueType = (typeof valueType)[keyof typeof valueType]

/** Unsigned LEB128 (spec 5.2.2). */
function unsigned(value: number): Code {
  const bytes: number[] = []
  do {
    const low = value & 0x7f
    value >>>= 7
    bytes.push(value === 0 ? low : low | 0x80)
  } while (value !== 0)
  return bytes
}

/** Signed LEB128, for constants. */
function signed(value: number): Code {
  const bytes: number[] = []
  for (;;) {
    const low = value & 0x7f
    value >>= 7
    if ((value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const sized = (content: Code): Code => [...unsigned(content.length), ...content]
const name = (text: string): Code => sized([...new TextEncoder().encode(text)])

export const localGet = (index: number): Code => [0x20, ...unsigned(index)]
export const localSet = (index: number): Code => [0x21, ...unsigned(index)]
export const globalGet = (index: number): Code => [0x23, ...unsigned(index)]
export const globalSet = (index: number): Code => [0x24, ...unsigned(index)]
export const call = (index: number): Code => [0x10, ...unsigned(index)]

export const i32Const = (value: number): Code => [0x41, ...signed(value)]
export const i64Const = (value: number): Code => [0x42, ...signed(value)]

/** Memory accesses promise no alignment (the 0 before the offset): any address is fine. */
export const i64Load = (offset: number): Code => [0x29, 0, ...unsigned(offset)]
export const i64Load8 = (offset: number): Code => [0x31, 0, ...unsigned(offset)]
export const i64Store = (offset: number): Code => [0x37, 0, ...unsigned(offset)]

export const i32Add: Code = [0x6a]
export const i32Sub: Code = [0x6b]
export const i32And: Code = [0x71]
export const i32LessUnsigned: Code = [0x49]
export const i64Xor: Code = [0x85]
export const i64ShiftLeft: Code = [0x86]
export const i64ShiftRight: Code = [0x88]
export const i32WrapI64: Code = [0xa7]

/** Repeats `body` for as long as `condition` leaves a non-zero i32. */
export const whileLoop = (condition: Code, body: Code): Code => [
  ...[0x03, 0x40], // loop, without result
  ...condition,
  ...[0x04, 0x40, ...body, 0x0c, 1, 0x0b], // if, body, branch to the loop, end
  0x0b,
]

export interface WasmFunction {
  readonly params: readonly ValueType[]
  readonly results: readonly ValueType[]
  readonly locals: readonly ValueType[]
  readonly body: Code
  /** The name to export it by; without one it can only be called from inside. */
  readonly exportAs?: string
}

/**
 * A module that imports one memory as `env.memory`, has one mutable i64 global (index 0, starting at 0,
 * exported as `state`), and the functions given, numbered in their order.
 */
export function assembleModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const section = (id: number, items: readonly Code[]): Code => [id, ...sized(vector(items))]
  const types = functions.map(({ params, results }): Code => [0x60, ...sized(params), ...sized(results)])
  const bodies = functions.map(({ locals, body }) =>
    sized([...vector(locals.map((type): Code => [1, type])), ...body, 0x0b]),
  )
  const exported = functions.flatMap(({ exportAs }, index): Code[] =>
    exportAs === undefined ? [] : [[...name(exportAs), 0x00, ...unsigned(index)]],
  )
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, types),
    ...section(2, [[...name('env'), ...name('memory'), 0x02, 0x00, 1]]),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(6, [[valueType.i64, 1, ...i64Const(0), 0x0b]]),
    ...section(7, [...exported, [...name('state'), 0x03, 0]]),
    ...section(10, bodies),
  ])
}
