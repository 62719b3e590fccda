import { expect, test } from 'vitest'
import { mastersOf, ownSlots, parseClusterNodes, slotsCovered } from './topology.ts'

const id = (letter: string): string => letter.repeat(40)

test.each([
  ['3.0', '10.0.0.1:7000'],
  ['4.0', '10.0.0.1:7000@17000'],
  ['7.0', '10.0.0.1:7000@17000,'],
  ['Valkey 9', '10.0.0.1:7000@17000,,tls-port=0,shard-id=5f2a'],
])('a line of %s', (_, place) => {
  const [node] = parseClusterNodes(
    `${id('a')} ${place} myself,master - 0 0 1 connected 0-5460 9000 [93-<-${id('b')}]`,
    'here',
  )
  expect(node).toEqual({
    id: id('a'),
    host: '10.0.0.1',
    port: 7000,
    addresses: ['10.0.0.1:7000'],
    role: 'master',
    masterId: null,
    failed: false,
    slots: [
      { from: 0, to: 5460 },
      { from: 9000, to: 9000 },
    ],
  })
})

test('a node is called by the name it prefers, and recognised by every name it has', () => {
  const [node] = parseClusterNodes(
    `${id('a')} 10.0.0.1:7000@17000,one.example myself,master - 0 0 1 connected 0-5460`,
    'here',
    new Map([[id('a'), 'one.example']]),
  )
  expect(node).toMatchObject({ host: 'one.example', addresses: ['one.example:7000', '10.0.0.1:7000'] })
})

test('a node that does not know its address is where it was asked; IPv6 keeps its colons', () => {
  const nodes = parseClusterNodes(
    `${id('a')} :7000@17000 myself,master - 0 0 1 connected\n${id('b')} fd00::2:7001@17001 master - 0 0 1 connected\n`,
    'here',
  )
  expect(nodes.map(({ host, port }) => [host, port])).toEqual([
    ['here', 7000],
    ['fd00::2', 7001],
  ])
})

test('what can be written to: masters with slots even when they fail, without slots only while they stand', () => {
  const topology = {
    ok: false,
    epoch: 3,
    nodes: parseClusterNodes(
      [
        `${id('a')} h:1@11 master,fail - 0 0 1 connected 0-99`,
        `${id('b')} h:2@12 master,fail - 0 0 2 disconnected`,
        `${id('c')} h:3@13 master - 0 0 3 connected`,
        `${id('d')} h:4@14 slave ${id('a')} 0 0 1 connected`,
        `${id('e')} :0@0 master,noaddr - 0 0 1 disconnected`,
        `${id('f')} h:6@16 handshake - 0 0 0 connected`,
        `${id('g')} h:7@17 master,fail? - 0 0 0 connected 100-101`,
      ].join('\n'),
      'h',
    ),
  }
  expect(mastersOf(topology).map(({ port, failed }) => [port, failed])).toEqual([
    [1, true],
    [3, false],
    [7, false],
  ])
  expect(topology.nodes.find(({ port }) => port === 4)).toMatchObject({ role: 'replica', masterId: id('a') })
  expect(slotsCovered(topology)).toBe(102)
})

test('a node tells of its own slots, and of those on their way to it or from it', () => {
  const nodes = [
    'aaa 127.0.0.1:7000@17000 master - 0 1 1 connected 0-99',
    'bbb 127.0.0.1:7001@17001 myself,master - 0 1 2 connected 100-199 205 [150->-aaa] [93-<-aaa]',
  ].join('\n')
  expect(ownSlots(nodes)).toEqual({
    slots: [
      { from: 100, to: 199 },
      { from: 205, to: 205 },
    ],
    moving: [150, 93],
  })
  expect(ownSlots('ccc :7002@17002 myself,slave aaa 0 1 1 connected')).toEqual({ slots: [], moving: [] })
})
