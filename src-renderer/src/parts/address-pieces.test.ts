import { expect, test } from 'vitest'
import { piecesOf } from './address-pieces.ts'

test.each([
  ['127.0.0.1:6379', ['127.0.0.1', ':6379']],
  ['redis-0.shop.svc:6379', ['redis-', '0', '.shop', '.svc', ':6379']],
  ['[2001:db8::8a2e:7334]:6379', ['[2001:', 'db8:', ':8a2e:', '7334]', ':6379']],
  ['10.0.0.1:1, 10.0.0.2:2', ['10.0.0.1', ':1, ', '10.0.0.2', ':2']],
  ['localhost', ['localhost']],
  ['', ['']],
])('a line may end in %s where an eye would end it', (address, pieces) => {
  expect(piecesOf(address)).toEqual(pieces)
  expect(piecesOf(address).join('')).toBe(address)
})
