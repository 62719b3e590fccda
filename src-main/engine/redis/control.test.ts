import { createServer, type AddressInfo, type Socket } from 'node:net'
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
