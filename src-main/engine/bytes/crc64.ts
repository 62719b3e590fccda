import {
  assembleModule,
  call,
  globalGet,
  globalSet,
  i32Add,
  i32And,
  i32Const,
  i32LessUnsigned,
  i32Sub,
  i32WrapI64,
  i64Const,
  i64Load,
  i64Load8,
  i64ShiftLeft,
  i64ShiftRight,
  i64Store,
  i64Xor,
  localGet,
  localSet,
  valueType,
  whileLoop,
  type Code,
} from './wasm-assembler.ts'

/**
 * A fixed block of WebAssembly memory in which CRCs are computed without copying. `memory` never moves or
 * grows, so views of it may be handed to fs.read and socket.write and kept for good.
 *
 * The CRC is Redis's CRC-64 (`crc64.c`): Jones polynomial 0xad93d23594c935a9, reflected, starting at 0,
 * nothing xored at the end. It ends RDB files (since version 5) and DUMP payloads, little-endian.
 */
export interface Crc64Arena {
  /** The whole usable area, as long as was asked for; offsets below are counted from its start. */
  readonly memory: Uint8Array<ArrayBuffer>
  /** Sets the running CRC: back to 0, or to what `value` gave earlier. */
  start(from?: bigint): void
  /** Carries the running CRC over memory[offset, offset + length). */
  update(offset: number, length: number): void
  /** The running CRC. */
  value(): bigint
  /**
   * Writes the CRC of memory[offset, offset + length), begun at 0, little-endian right behind that range.
   * Leaves the running CRC alone.
   */
  seal(offset: number, length: number): void
}

/** Bytes that a CRC takes behind the range it seals. */
const crcBytes = 8

/** Makes an arena of `bytes` usable bytes. @throws RangeError where the machine has no such block. */
export function createCrc64Arena(bytes: number): Crc64Arena {
  const { memory, update, seal, state } = instantiate(bytes)
  const check = (offset: number, length: number): void => {
    if (offset < 0 || length < 0 || offset + length > bytes)
      throw new RangeError(`[${offset}, ${offset} + ${length}) is outside an arena of ${bytes} bytes`)
  }
  return {
    memory,
    start(from = 0n) {
      state.value = BigInt.asIntN(64, from)
    },
    update(offset, length) {
      check(offset, length)
      update(offset, length)
    },
    value: () => BigInt.asUintN(64, state.value),
    seal(offset, length) {
      check(offset, length + crcBytes)
      seal(offset, length)
    },
  }
}

/** The CRC of `bytes` of any length, carried on from `seed`. Copies; for the hot path use an arena. */
export function crc64(bytes: Uint8Array, seed = 0n): bigint {
  scratch ??= instantiate(scratchBytes)
  const { memory, update, state } = scratch
  state.value = BigInt.asIntN(64, seed)
  for (let at = 0; at < bytes.length; at += scratchBytes) {
    const piece = bytes.subarray(at, at + scratchBytes)
    memory.set(piece)
    update(0, piece.length)
  }
  return BigInt.asUintN(64, state.value)
}

const scratchBytes = 64 * 1024
let scratch: Instance | undefined

interface Instance {
  readonly memory: Uint8Array<ArrayBuffer>
  readonly update: (offset: number, length: number) => void
  readonly seal: (offset: number, length: number) => void
  readonly state: WebAssembly.Global<'i64'>
}

const pageBytes = 64 * 1024
/** Sixteen tables of 256 CRCs stand at the start of the memory, the usable area behind them. */
const tableCount = 16
const tableBytes = 256 * 8
const tablesBytes = tableCount * tableBytes

let compiled: WebAssembly.Module | undefined
let tables: Uint8Array | undefined

function instantiate(bytes: number): Instance {
  const pages = Math.ceil((tablesBytes + bytes) / pageBytes)
  // Equal limits: a memory that cannot grow keeps its one ArrayBuffer for life.
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  compiled ??= new WebAssembly.Module(assembleModule([crcFunction, updateFunction, sealFunction]))
  tables ??= makeTables()
  new Uint8Array(memory.buffer).set(tables)
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } })
  return {
    memory: new Uint8Array(memory.buffer, tablesBytes, bytes),
    update: exports['update'] as Instance['update'],
    seal: exports['seal'] as Instance['seal'],
    state: exports['state'] as Instance['state'],
  }
}

/** Table k holds the CRC of each byte followed by k zero bytes. Little-endian, as WebAssembly reads. */
function makeTables(): Uint8Array {
  const reflectedPolynomial = 0x95ac9329ac4bc9b5n
  const view = new DataView(new ArrayBuffer(tablesBytes))
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = BigInt(byte)
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >> 1n) ^ (crc & 1n ? reflectedPolynomial : 0n)
    view.setBigUint64(byte * 8, crc, true)
  }
  for (let at = tableBytes; at < tablesBytes; at += 8) {
    const crc = view.getBigUint64(at - tableBytes, true)
    view.setBigUint64(at, (crc >> 8n) ^ view.getBigUint64(Number(crc & 0xffn) * 8, true), true)
  }
  return new Uint8Array(view.buffer)
}

// The locals of the CRC function: its parameters, then two words of input.
const crc = 0
const at = 1
const end = 2
const first = 3
const second = 4

/** Looks the byte `index` of the i64 in `word` up in `table`. The mask keeps it times eight: an entry's size. */
function lookUp(word: number, index: number, table: number): Code {
  const shift = index * 8 - 3
  return [
    ...localGet(word),
    ...i64Const(Math.abs(shift)),
    ...(shift < 0 ? i64ShiftLeft : i64ShiftRight),
    ...i32WrapI64,
    ...i32Const(0xff * 8),
    ...i32And,
    ...i64Load(table * tableBytes),
  ]
}

/** Xors the eight bytes of `word` together, each from its own table, `lastTable` being that of the last byte. */
function lookUpWord(word: number, lastTable: number): Code {
  const bytes = [0, 1, 2, 3, 4, 5, 6, 7]
  return bytes.flatMap((index) => [
    ...lookUp(word, index, lastTable + 7 - index),
    ...(index === 0 ? [] : i64Xor),
  ])
}

const loadInput = (offset: number): Code => [...localGet(at), ...i64Load(tablesBytes + offset)]
const advance = (bytes: number): Code => [...localGet(at), ...i32Const(bytes), ...i32Add, ...localSet(at)]
/** At least `bytes` are left. `end - at` is never negative, so the unsigned comparison holds. */
const atLeast = (bytes: number): Code => [
  ...i32Const(bytes - 1),
  ...localGet(end),
  ...localGet(at),
  ...i32Sub,
  ...i32LessUnsigned,
]

/** (crc: i64, at: i32, end: i32) → i64. Slicing by sixteen, then by eight, then byte by byte. */
const crcFunction = {
  params: [valueType.i64, valueType.i32, valueType.i32],
  results: [valueType.i64],
  locals: [valueType.i64, valueType.i64],
  body: [
    ...whileLoop(atLeast(16), [
      ...[...loadInput(0), ...localGet(crc), ...i64Xor, ...localSet(first)],
      ...[...loadInput(8), ...localSet(second)],
      ...[...lookUpWord(second, 0), ...lookUpWord(first, 8), ...i64Xor, ...localSet(crc)],
      ...advance(16),
    ]),
    ...whileLoop(atLeast(8), [
      ...[...loadInput(0), ...localGet(crc), ...i64Xor, ...localSet(first)],
      ...[...lookUpWord(first, 0), ...localSet(crc)],
      ...advance(8),
    ]),
    ...whileLoop(atLeast(1), [
      ...[...localGet(at), ...i64Load8(tablesBytes), ...localGet(crc), ...i64Xor, ...localSet(first)],
      ...[...lookUp(first, 0, 0), ...localGet(crc), ...i64Const(8), ...i64ShiftRight, ...i64Xor],
      ...localSet(crc),
      ...advance(1),
    ]),
    ...localGet(crc),
  ],
} as const

const endOfRange: Code = [...localGet(0), ...localGet(1), ...i32Add]

/** (offset: i32, length: i32): state = crc(state, offset, offset + length). */
const updateFunction = {
  params: [valueType.i32, valueType.i32],
  results: [],
  locals: [],
  body: [...globalGet(0), ...localGet(0), ...endOfRange, ...call(0), ...globalSet(0)],
  exportAs: 'update',
} as const

/** (offset: i32, length: i32): memory[offset + length …] = crc(0, offset, offset + length). */
const sealFunction = {
  params: [valueType.i32, valueType.i32],
  results: [],
  locals: [],
  body: [
    ...endOfRange,
    ...[...i64Const(0), ...localGet(0), ...endOfRange, ...call(0)],
    ...i64Store(tablesBytes),
  ],
  exportAs: 'seal',
} as const
