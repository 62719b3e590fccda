import { expect, test } from 'vitest'
import type { Control } from '../redis/control.ts'
import { encoded, type PreparedUnit } from '../target/transaction-frame.ts'
import { keysOf } from './checkpoint.ts'
import { StaleKeys } from './stale-keys.ts'

const keys = keysOf('task', 1)

async function listed(...members: string[]): Promise<StaleKeys> {
  const callBuffer = (): Promise<unknown> =>
    Promise.resolve([Buffer.from('0'), members.map((member) => Buffer.from(member))])
  return await StaleKeys.read({ callBuffer } as unknown as Control, keys)
}

function unitOn(...names: string[]): PreparedUnit {
  const commands = names.map((name) => ({
    db: 0,
    name: 'INCR',
    ...encoded(['INCR', name]),
    keys: [{ db: 0, key: Buffer.from(name) }],
  }))
  return { end: 10, db: 0, lanes: [0], commands }
}

const sent = ({ commands }: PreparedUnit): string[] =>
  commands.map(
    ({ db, bytes }) =>
      `${db} ${Buffer.from(bytes)
        .toString()
        .replace(/[*$]\d+\r\n|\r\n/g, ' ')
        .trim()
        .replace(/ +/g, ' ')}`,
  )

test('a stale key is deleted before its first write, in the same transaction, and only then', async () => {
  const stale = await listed('0:old', '3:old')
  expect(sent(stale.freshen(unitOn('new', 'old')))).toEqual([
    '0 DEL old',
    '0 INCR new',
    '0 INCR old',
    '0 SREM keyferry:task:1:stale 0:old',
  ])
  expect(sent(stale.freshen(unitOn('old')))).toEqual(['0 INCR old'])
  expect(stale.keys.map(({ db, key }) => `${db}:${key.toString()}`)).toEqual(['3:old'])
})

test('what has been copied afresh is stale no more', async () => {
  const stale = await listed('0:old')
  stale.settle([{ db: 0, key: Buffer.from('old') }])
  expect(sent(stale.freshen(unitOn('old')))).toEqual(['0 INCR old'])
})
