import { startServe } from './start-serve.ts'

/**
 * `node out/main/serve.js [PORT]`: serves the console and prints an address that signs one browser in. Enter
 * prints another; SIGINT or SIGTERM end it once what runs has been cancelled in order.
 */
const served = await startServe({ port: Number(process.argv[2] ?? 0) })
const say = (address: string): boolean => process.stdout.write(`${address}\n`)
say(served.url)
process.stdin.on('data', () => say(served.invite()))
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void served.close().then(() => process.exit(0)))
