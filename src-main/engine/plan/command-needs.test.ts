import { expect, test } from 'vitest'
import { encodeCommand } from '../resp/encode.ts'
import { shapeOf } from '../resp/commands.ts'
import { needOf } from './command-needs.ts'

test.each<[string, string | null, number?]>([
  ['SET k v', null],
  ['SET k keepttl', null],
  ['SET k v PX 5 KEEPTTL', 'SET KEEPTTL', 600],
  ['SET k v keepttl get', 'SET GET', 602],
  ['ZADD z 1 gt', null],
  ['ZADD z GT CH 1 m', 'ZADD GT', 602],
  ['ZADD z NX 1 m', 'ZADD NX', 302],
  ['ZADD z -inf lt', null],
  ['XADD s MAXLEN ~ 10 1-1 minid 5', null],
  ['XADD s MINID ~ 1-1 5-1 a b', 'XADD MINID', 602],
  ['XADD s 5-1 LIMIT b', null],
  ['XGROUP CREATE s g 0 ENTRIESREAD 7', 'XGROUP ENTRIESREAD', 700],
  ['XGROUP CREATECONSUMER s g c', 'XGROUP CREATECONSUMER', 602],
  ['XSETID s 5-1 ENTRIESADDED 7 MAXDELETEDID 1-1', 'XSETID ENTRIESADDED', 700],
  ['LPOP l', null],
  ['LPOP l 3', 'LPOP with a count', 602],
  ['SPOP s 3', 'SPOP with a count', 302],
  ['RESTORE k 0 x REPLACE ABSTTL', 'RESTORE ABSTTL', 500],
  ['BLA NX', null],
])('%s needs %s', (line, what, since) => {
  const args = line.split(' ').map((word) => Buffer.from(word))
  const need = needOf({ db: 0, args, raw: encodeCommand(args), shape: shapeOf(args[0]!) })
  expect(need).toEqual(what === null ? null : { what, since })
})
