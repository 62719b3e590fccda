import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { toFailure } from '#contract/failure.ts'
import { openControl } from './control.ts'

const longEnoughMs = 20_000

test('a link that falls silent with many commands in flight is closed once, and each is told why', async () => {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    // It answers the PING and nothing after; nor does it hang up when we do.
    socket.once('data', () => socket.write('+PONG\r\n'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const warnings: string[] = []
  const warn = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', warn)
  try {
    const { port } = server.address() as AddressInfo
    await using control = await openControl({ host: '127.0.0.1', port })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const asked = Array.from({ length: 100 }, (_, key) =>
      control.call('GET', key).then(String, (thrown: unknown) => toFailure(thrown).code),
    )
    vi.advanceTimersByTime(longEnoughMs)
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['connect.timeout']))
    // Warnings are told in the next turn.
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toEqual([])
  } finally {
    vi.useRealTimers()
    process.off('warning', warn)
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})

test('a server that empties itself is waited for, by all who asked it meanwhile; one that is silent otherwise is not', async () => {
  const held: Socket[] = []
  const server = createServer((socket) => {
    held.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write('+PONG\r\n'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo
    await using control = await openControl({ host: '127.0.0.1', port }, { commandTimeoutMs: 50 })
    const emptied = control.whileEmptying(() => control.call('FLUSHALL'))
    const beside = control.call('GET', 'lease')
    // Several times as long as any other command may take.
    await sleep(300)
    held[0]!.write('+OK\r\n$1\r\n1\r\n')
    expect(await Promise.all([emptied, beside])).toEqual(['OK', '1'])
    await expect(control.call('GET', 'lease')).rejects.toMatchObject({ failure: { code: 'connect.timeout' } })
  } finally {
    for (const socket of held) socket.destroy()
    server.close()
  }
})
