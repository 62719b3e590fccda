import { FailureError, makeFailure } from '#contract/failure.ts'
import { ReplyDecoder, type Reply } from '../resp/decode.ts'
import { encodeCommand, type Argument } from '../resp/encode.ts'
import { defaultDialMs, type ByteStream, type DialOptions } from './byte-stream.ts'
import { classifySocketError } from './connect-failure.ts'

/**
 * Sends a few commands over a stream of its own, resolves with their replies (error replies are values) and closes
 * it. Fails with `connect.*`; `address` is whom the failure names.
 */
export function askOnce(
  stream: ByteStream,
  address: string,
  commands: readonly (readonly Argument[])[],
  { signal, timeoutMs = defaultDialMs }: DialOptions = {},
): Promise<readonly Reply[]> {
  return new Promise<readonly Reply[]>((resolve, reject) => {
    const replies: Reply[] = []
    const take = (reply: Reply): void => {
      replies.push(reply)
      if (replies.length === commands.length) resolve(replies)
    }
    const decoder = new ReplyDecoder({
      reply: take,
      oks: (count) => {
        for (let index = 0; index < count; index += 1) take('OK')
      },
    })
    const lose = (code: 'connect.lost' | 'connect.not-redis' | 'connect.timeout', params = {}): void =>
      reject(new FailureError(makeFailure(code, { address, ...params })))
    stream.on('data', (chunk: Buffer) => {
      try {
        decoder.push(chunk)
      } catch {
        lose('connect.not-redis')
      }
    })
    stream.on('error', (error) => reject(new FailureError(classifySocketError(error, address, false))))
    stream.on('close', () => lose('connect.lost'))
    stream.setTimeout(timeoutMs, () => lose('connect.timeout', { seconds: timeoutMs / 1000 }))
    signal?.addEventListener('abort', () => reject(new FailureError(makeFailure('job.cancelled'))), {
      once: true,
    })
    for (const command of commands) stream.write(encodeCommand(command))
  }).finally(() => stream.destroy())
}
