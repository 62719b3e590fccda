import { fail } from '#contract/failure.ts'

/** Does what listens on a port; where the system says no, it is told of which flag's port and why. */
export async function withPort<T>(flag: string, port: number, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen()
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'EADDRINUSE')
      fail('usage.invalid', { field: flag, reason: `port ${port} is taken by another program` })
    if (code === 'EACCES')
      fail('usage.invalid', { field: flag, reason: `this user may not listen on port ${port}` })
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      fail('usage.invalid', { field: '--host', reason: 'this machine has no such address' })
    throw thrown
  }
}
