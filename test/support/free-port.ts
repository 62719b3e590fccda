import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the ports a system gives to connections that go out (`net.ipv4.ip_local_port_range`, from 32768 on Linux), so
 * that no connection takes the port of a server that is down for a while; 10,000 above lies the bus of a cluster's node.
 */
const first = 11_000
const last = 22_000
const mostTries = 100

/**
 * A TCP port of 127.0.0.1 that nobody listens on at this moment, nor 10,000 above it. Taken at random, since other
 * test files look for theirs at the same time.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < mostTries; tries++) {
    const port = randomInt(first, last)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
  throw new Error(`No free port found between ${first} and ${last}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
