import { expect, test } from 'vitest'
import type { Control } from '../redis/control.ts'
import { encoded, type PreparedCommand, type PreparedUnit } from '../target/transaction-frame.ts'
import { keysOf } from './checkpoint.ts'
import { listsInServer } from './key-lists.ts'
import { StaleKeys } from './stale-keys.ts'

const keys = keysOf('task', 1)

async function listed(...members: string[]): Promise<StaleKeys> {
  const callBuffer = (): Promise<unknown> =>
    Promise.resolve([Buffer.from('0'), members.map((member) => Buffer.from(member))])
  return await StaleKeys.read(listsInServer({ callBuffer } as unknown as Control, keys).stale)
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

const sent = (commands: readonly PreparedCommand[]): string[] =>
  commands.map(({ db, words }) => `${db} ${words.map(String).join(' ')}`)

const names = (found: StaleKeys, unit: PreparedUnit): string[] =>
  found.freshen(unit).map(({ db, key }) => `${db}:${key.toString()}`)

test('a stale key is deleted before its first write, and only then', async () => {
  const stale = await listed('0:old', '3:old')
  expect(names(stale, unitOn('new', 'old'))).toEqual(['0:old'])
  expect(sent(stale.remove({ db: 0, key: Buffer.from('old') }))).toEqual([
    '0 DEL old',
    '0 SREM keyferry:task:1:stale 0:old',
  ])
  expect(names(stale, unitOn('old'))).toEqual([])
  expect(stale.keys.map(({ db, key }) => `${db}:${key.toString()}`)).toEqual(['3:old'])
})

test('what has been copied afresh is stale no more', async () => {
  const stale = await listed('0:old')
  stale.settle([{ db: 0, key: Buffer.from('old') }])
  expect(names(stale, unitOn('old'))).toEqual([])
})
