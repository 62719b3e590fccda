import { createServer, type AddressInfo } from 'node:net'

/** A port of this address that nobody listens on just now. */
export async function freePort(host: string): Promise<number> {
  return await listenOnce(host, 0)
}

/** Whether somebody listens on it. */
export async function isTaken(host: string, port: number): Promise<boolean> {
  return await listenOnce(host, port).then(
    () => false,
    () => true,
  )
}

function listenOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => {
      const { port: got } = server.address() as AddressInfo
      server.close(() => resolve(got))
    })
  })
}
