import { randomBytes } from 'node:crypto'
import type { RestorePlan } from '#contract/restore-plan.ts'
import { parseInfo } from '../redis/info.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Link } from '../resp/link.ts'

/** What the server says of its memory, bytes. */
export async function askMemory(link: Link): Promise<Pick<RestorePlan['memory'], 'used' | 'max'>> {
  // Whole: sections came with 2.6.
  const reply = await link.call(['INFO'])
  const info = parseInfo(Buffer.isBuffer(reply) ? reply.toString() : '')
  const number = (name: string): number | null => {
    const text = info.get(name)
    return text === undefined ? null : Number(text)
  }
  return { used: number('used_memory'), max: number('maxmemory') }
}

/** Whether any module is loaded (4.0): then it is believed to have those that the file needs. */
export async function askModules(link: Link): Promise<boolean> {
  const reply = await link.call(['MODULE', 'LIST'])
  return Array.isArray(reply) && reply.length > 0
}

const questionBytes = 128 * 1024
const questions = 8

/** Bytes a second that the link takes: asked by looking for keys with very long names, which nobody has. */
export async function measureLink(link: Link): Promise<number> {
  const question = encodeCommand(['EXISTS', randomBytes(questionBytes / 2).toString('hex')])
  const all = Buffer.concat(Array.from({ length: questions }, () => question))
  const start = performance.now()
  await link.exchange(all, questions)
  return all.length / ((performance.now() - start) / 1000)
}
