import { expect, it } from 'vitest'
import { richParts, shieldValue } from './rich-parts.ts'

it('finds strong and code between plain text', () => {
  expect(richParts('Put **37 keys** into `db 0`.')).toEqual([
    { kind: 'plain', text: 'Put ' },
    { kind: 'strong', text: '37 keys' },
    { kind: 'plain', text: ' into ' },
    { kind: 'code', text: 'db 0' },
    { kind: 'plain', text: '.' },
  ])
})

it('shows marks inside a value as they are', () => {
  const value = 'user:**`x`**'
  expect(richParts(`Key \`${shieldValue(value)}\``)).toEqual([
    { kind: 'plain', text: 'Key ' },
    { kind: 'code', text: value },
  ])
})
