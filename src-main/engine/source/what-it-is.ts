import { open, type FileHandle } from 'node:fs/promises'
import { fail } from '#contract/failure.ts'

/**
 * What a path leads to, by its content and never by its name:
 * - `rdb`: begins with `REDIS` or `VALKEY` and a version (rdb.c, `rdbLoadRio`)
 * - `aof`: commands, or an RDB that says of itself to be the base of an AOF
 * - `manifest`: lists the files of an AOF (aof.c, since 7.0)
 * - `folder`
 * - `gzip`: an RDB or AOF may be inside
 * - `packed`: by another packer
 * - `empty`, `unknown`
 */
export type InputKind = 'rdb' | 'aof' | 'manifest' | 'folder' | 'gzip' | 'packed' | 'empty' | 'unknown'

/** As many bytes from the start tell it: the AUX fields of an RDB stand before everything else. */
const headBytes = 4096

/** Tells what is at a path. Fails with `file.not-found` or `file.not-readable`. */
export async function whatItIs(path: string): Promise<InputKind> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'EISDIR') return 'folder'
    return fail(code === 'ENOENT' || code === 'ENOTDIR' ? 'file.not-found' : 'file.not-readable', {
      file: path,
      reason: code ?? '',
    })
  }
  try {
    if ((await file.stat()).isDirectory()) return 'folder'
    const head = Buffer.alloc(headBytes)
    const { bytesRead } = await file.read(head, 0, headBytes, 0)
    const kind = whatItBeginsAs(head.subarray(0, bytesRead))
    // One that is damaged at its start says so itself, rather than be taken for nothing at all.
    return kind === 'unknown' && path.endsWith('.manifest') ? 'manifest' : kind
  } catch (thrown) {
    return fail('file.not-readable', { file: path, reason: (thrown as NodeJS.ErrnoException).code ?? '' })
  } finally {
    await file.close()
  }
}

/** Tells by its first bytes, 4096 of them or all there are. */
export function whatItBeginsAs(head: Uint8Array): Exclude<InputKind, 'folder'> {
  if (head.length === 0) return 'empty'
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  const text = bytes.toString('latin1')
  if (/^(?:REDIS\d{4}|VALKEY\d{3})/.test(text)) return saysAofBase(bytes) ? 'aof' : 'rdb'
  // Cut off within its first nine bytes, or with a damaged version: the reader says what is wrong with it.
  if (['REDIS', 'VALKEY'].some((magic) => text.startsWith(magic) || magic.startsWith(text))) return 'rdb'
  // `#TS:` lines since 7.0 (aof.c, `genAofTimestampAnnotationIfNeeded`). One whose line ends were mangled is a broken AOF.
  if (/^(?:\*\d{1,10}\r?\n\$|#TS:\d+\r?\n)/.test(text)) return 'aof'
  if (/^(?:#.*\n)*file\s+\S.*\sseq\s+\d+/.test(text)) return 'manifest'
  if (text.startsWith('\x1f\x8b')) return 'gzip'
  return packers.some((magic) => text.startsWith(magic)) ? 'packed' : 'unknown'
}

/** zip, bzip2, xz, zstd, 7-Zip, LZ4. */
const packers = [
  'PK\x03\x04',
  'BZh',
  '\xfd7zXZ\0',
  '\x28\xb5\x2f\xfd',
  '7z\xbc\xaf\x27\x1c',
  '\x04\x22\x4d\x18',
]

/** AUX `aof-preamble` (4.0 to 6.2) or `aof-base` (7.0 and later) with the integer 1 (rdb.c, `rdbSaveInfoAuxFields`). */
function saysAofBase(head: Buffer): boolean {
  return ['aof-preamble', 'aof-base'].some((name) =>
    head.includes(
      Buffer.concat([Buffer.from([0xfa, name.length]), Buffer.from(name), Buffer.from([0xc0, 1])]),
    ),
  )
}
