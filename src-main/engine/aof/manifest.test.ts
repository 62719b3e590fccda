import { expect, test } from 'vitest'
import { FailureError, type Failure } from '#contract/failure.ts'
import { parseManifest } from './manifest.ts'
import { splitArguments } from './split-arguments.ts'

function refusalOf(text: string): Failure {
  try {
    parseManifest(text, 'the.manifest')
  } catch (thrown) {
    if (thrown instanceof FailureError) return thrown.failure
    throw thrown
  }
  return expect.fail('it was taken')
}

test('a base, increments and what a rewrite has replaced are told apart', () => {
  const text = [
    '# written by hand',
    'file appendonly.aof.2.base.rdb seq 2 type b',
    'file appendonly.aof.1.incr.aof seq 1 type h',
    'file appendonly.aof.4.incr.aof seq 4 type i\r',
    'seq 7 type incr file appendonly.aof.7.incr.aof newkey newvalue',
    '',
  ].join('\n')
  expect(parseManifest(text, '')).toEqual({
    base: 'appendonly.aof.2.base.rdb',
    increments: ['appendonly.aof.4.incr.aof', 'appendonly.aof.7.incr.aof'],
    history: ['appendonly.aof.1.incr.aof'],
  })
})

test('a name with blanks and bytes beyond ASCII is quoted, as a server writes it', () => {
  const text = 'file "file seq \\"\\n\\n file\\".aof" seq 1 type b\nfile "\\xe4\\xb8\\xad.aof" seq 1 type i\n'
  expect(parseManifest(text, '')).toMatchObject({ base: 'file seq "\n\n file".aof', increments: ['中.aof'] })
})

test('increments may leave numbers out, and need no base', () => {
  const text = 'file a seq 1 type i\nfile b seq 3 type i\n'
  expect(parseManifest(text, '')).toEqual({ base: null, increments: ['a', 'b'], history: [] })
})

test.each([
  ['the sequence falls', 'file a seq 2 type i\nfile b seq 1 type i\n', 'aof.wrong-order', 2],
  ['the sequence stands still', 'file a seq 2 type i\nfile b seq 2 type i\n', 'aof.wrong-order', 2],
  ['there is a blank line', 'file a seq 1 type i\n\nfile b seq 3 type i\n', 'aof.manifest-invalid', 2],
  ['there are two bases', 'file a seq 1 type b\nfile b seq 2 type b\n', 'aof.second-base', 2],
  ['the type is unknown', 'file a seq 1 type x\n', 'aof.unknown-type', 1],
  ['a key is misspelt', 'filx a seq 1 type b\n', 'aof.manifest-invalid', 1],
  ['a line is too short', 'file a seq 1 type b\nfile b type i\n', 'aof.manifest-invalid', 2],
  ['a line is too long', `file ${'a'.repeat(1_024)} seq 1 type b\n`, 'aof.manifest-invalid', 1],
  ['a word is left over', 'file a seq 1 type i newkey\n', 'aof.manifest-invalid', 1],
  ['the sequence is no number', 'file a seq x type i\n', 'aof.manifest-invalid', 1],
  ['the last line has no end', 'file a seq 1 type i', 'aof.manifest-invalid', 1],
  ['a quote is open', 'file "a seq 1 type i\n', 'aof.manifest-invalid', 1],
  ['a path leads out', 'file ../a seq 1 type i\n', 'aof.path-in-manifest', 1],
  ['a path is absolute', 'file /etc/passwd seq 1 type b\n', 'aof.path-in-manifest', 1],
  ['a path is one of Windows', 'file ..\\a seq 1 type b\n', 'aof.path-in-manifest', 1],
  ['a path is quoted', 'file "\\x2e\\x2e\\x2fa" seq 1 type b\n', 'aof.path-in-manifest', 1],
  ['a name is the folder above', 'file .. seq 1 type b\n', 'aof.path-in-manifest', 1],
])('refused where %s', (_, text, code, line) => {
  expect(refusalOf(text)).toMatchObject({ code, params: { file: 'the.manifest', line } })
})

test.each([[''], ['# nothing\n'], ['file a seq 1 type h\n']])(
  'refused where no file is to be loaded: %j',
  (text) => {
    expect(refusalOf(text).code).toBe('aof.manifest-empty')
  },
)

test.each([
  ['a  b', ['a', 'b']],
  [`'it\\'s' b`, ["it's", 'b']],
  ['"a\\x41\\n\\q"', ['aA\nq']],
  ['""', ['']],
  ['"a"b', null],
  ["'a", null],
  ['', []],
])('%s is split as a server does', (line, words) => {
  expect(splitArguments(line)).toEqual(words)
})
