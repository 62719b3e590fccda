import { describe, expect, test } from 'vitest'
import { encodeCommand } from '../resp/encode.ts'
import { askInfo, Echoes } from './stream-place.ts'

const ping = encodeCommand(['PING'])

describe('the place of a moment in a stream that its source does not count', () => {
  test('is behind the command that brings the message back, wherever the chunks are cut', async () => {
    for (let cut = 1; cut < 100; cut += 1) {
      const echoes = new Echoes('ours')
      echoes.begin(1_000)
      echoes.hear(ping)
      const question = echoes.ask('a:1')
      const command = encodeCommand(question.command)
      const stream = Buffer.concat([ping, command, ping])
      echoes.hear(stream.subarray(0, cut))
      echoes.hear(stream.subarray(cut))
      expect(await question.place(1)).toBe(1_000 + 2 * ping.length + command.length)
    }
  })

  test('several questions are told apart, whatever their order', async () => {
    const echoes = new Echoes('ours')
    echoes.begin(0)
    const [first, second] = [echoes.ask('a:1'), echoes.ask('a:1')]
    expect(echoes.waitingSince).not.toBeNull()
    echoes.hear(encodeCommand(second.command))
    echoes.hear(encodeCommand(first.command))
    const length = encodeCommand(first.command).length
    expect(await Promise.all([first.place(1), second.place(1)])).toEqual([2 * length, length])
    expect(echoes.waitingSince).toBeNull()
  })

  test('is not told by another stream', async () => {
    const echoes = new Echoes('ours')
    echoes.begin(0)
    const question = echoes.ask('a:1')
    echoes.begin(0)
    echoes.hear(encodeCommand(question.command))
    await expect(question.place(1)).rejects.toMatchObject({ failure: { code: 'source.not-ready' } })
  })
})

test('a source that counts is believed, one that tells nothing is not', async () => {
  const { place } = askInfo('a:1')
  expect(await place(Buffer.from('role:master\r\nmaster_repl_offset:42\r\n'))).toBe(42)
  await expect(place('role:master\r\n')).rejects.toMatchObject({ failure: { code: 'server.refused' } })
})
