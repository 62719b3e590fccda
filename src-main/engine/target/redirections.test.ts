import { describe, expect, test } from 'vitest'
import type { Failure } from '#contract/failure.ts'
import { CommandParser } from '../resp/command-parser.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { Block } from './block.ts'
import { shareOut } from './cluster.ts'
import { followRedirections, type Routes } from './redirections.ts'

/** A block of `SET <key> v` commands, of which some were refused. */
function blockOf(keys: readonly string[], refusals: Readonly<Record<number, string>>): Block {
  const bytes = Buffer.concat(keys.map((key) => encodeCommand(['SET', key, 'v'])))
  const block = new Block(bytes)
  block.position = bytes.length
  block.commands = keys.length
  block.refusals = Object.entries(refusals).map(([command, text]) => ({ command: Number(command), text }))
  return block
}

/** Nodes that answer as told; `said` is what each was told, `owners` what was learned. */
function cluster(answer: (node: number, args: readonly string[]) => Reply): Routes & {
  readonly said: string[]
  readonly owners: Map<number, number>
  readonly failures: Failure[]
} {
  const said: string[] = []
  const owners = new Map<number, number>()
  const failures: Failure[] = []
  return {
    said,
    owners,
    failures,
    address: 'cluster:1',
    nodeAt: (address, from) =>
      address.startsWith(':') ? from : ({ 'a:1': 0, 'b:1': 1, 'c:1': 2 }[address] ?? null),
    moved: (slot, to) => void owners.set(slot, to),
    exchange: (node, bytes, replies) => {
      const told = [...new CommandParser(0).push(Buffer.from(bytes))].map(({ args }) => args.map(String))
      expect(told).toHaveLength(replies)
      for (const args of told) said.push(`${node} ${args.join(' ')}`)
      return Promise.resolve(told.map((args) => answer(node, args)))
    },
    abandon: (failure) => failures.push(failure),
  }
}

test('a block of which nothing was redirected is left alone', () => {
  const routes = cluster(() => 'OK')
  const block = blockOf(['x'], { 0: 'BUSYKEY Target key name already exists.' })
  expect(followRedirections(block, 0, routes)).toBeNull()
  expect(block.refusals).toHaveLength(1)
})

test('only what was redirected goes to its owner, with ASKING where the slot is on its way', async () => {
  const routes = cluster((_, [name, key]) =>
    name === 'SET' && key === 'there' ? new ReplyError('BUSYKEY exists') : 'OK',
  )
  const block = blockOf(['one', 'two', 'there', 'four', 'five'], {
    1: 'MOVED 7 b:1',
    2: 'ASK 8 c:1',
    3: 'OOM command not allowed',
    4: 'ASK 9 c:1',
  })
  await followRedirections(block, 0, routes)
  expect(routes.said).toEqual(['1 SET two v', '2 ASKING', '2 SET there v', '2 ASKING', '2 SET five v'])
  expect(block.refusals).toEqual([
    { command: 2, text: 'BUSYKEY exists' },
    { command: 3, text: 'OOM command not allowed' },
  ])
  // A slot that is asked for still belongs to who says so.
  expect([...routes.owners]).toEqual([[7, 1]])
  expect(routes.failures).toEqual([])
})

test('sent from one to the other it is followed until it is taken', async () => {
  const answers = ['MOVED 7 a:1', 'MOVED 7 b:1', 'ASK 7 c:1']
  const routes = cluster(() => {
    const answer = answers.shift()
    return answer === undefined ? 'OK' : new ReplyError(answer)
  })
  const block = blockOf(['key'], { 0: 'MOVED 7 b:1' })
  await followRedirections(block, 0, routes)
  expect(routes.said).toEqual(['1 SET key v', '0 SET key v', '1 SET key v', '2 ASKING', '2 SET key v'])
  expect(block.refusals).toEqual([])
})

describe('gives the cluster up', () => {
  test('where a master is named that is not written to', async () => {
    const routes = cluster(() => 'OK')
    await followRedirections(blockOf(['key'], { 0: 'MOVED 7 new:1' }), 0, routes)
    expect(routes.failures.map(({ code }) => code)).toEqual(['target.cluster-changed'])
    expect(routes.said).toEqual([])
  })

  test('where two nodes send it to each other for ever', async () => {
    const routes = cluster((node) => new ReplyError(`MOVED 7 ${node === 0 ? 'b' : 'a'}:1`))
    await followRedirections(blockOf(['key'], { 0: 'MOVED 7 b:1' }), 0, routes)
    expect(routes.failures.map(({ code }) => code)).toEqual(['target.slot-moving'])
    expect(routes.said.length).toBeGreaterThan(10)
  }, 15_000)

  test('where the owner is lost meanwhile', async () => {
    const routes = { ...cluster(() => 'OK'), exchange: () => Promise.reject(new Error('lost')) }
    await followRedirections(blockOf(['key'], { 0: 'MOVED 7 b:1' }), 0, routes)
    expect(routes.failures.map(({ code }) => code)).toEqual(['connect.lost'])
  })
})

test.each([
  [8, 3, [3, 3, 2]],
  [1, 3, [1, 1, 1]],
  [6, 3, [2, 2, 2]],
  [16, 1, [16]],
])('%i connections among %i masters', (connections, masters, shares) => {
  expect(shareOut(connections, masters)).toEqual(shares)
})
