import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { startProxy } from '../support/proxy.ts'

test('a wire that stands still again and again delivers each byte once, in order, and the end behind them', async () => {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as { port: number }
  await using wire = await startProxy(address.port)
  const client = connect(wire.port, '127.0.0.1')
  const [there] = (await once(server, 'connection')) as [Socket]
  let heard = ''
  let told = ''
  there.setEncoding('latin1').on('data', (text: string) => (heard += text))
  client.setEncoding('latin1').on('data', (text: string) => (told += text))
  const ended = once(client, 'end')
  try {
    for (const word of ['one ', 'two ', 'three ']) {
      wire.hold()
      await written(client, word)
      await written(there, word)
      wire.release()
      await expect.poll(() => heard.endsWith(word) && told.endsWith(word)).toBe(true)
    }
    wire.delayMs = 20
    there.end('four')
    await ended
    expect({ heard, told }).toEqual({ heard: 'one two three ', told: 'one two three four' })
  } finally {
    client.destroy()
    there.destroy()
    server.close()
  }
})

/** Resolves when the system has taken it. */
function written(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve) => socket.write(text, () => resolve()))
}
