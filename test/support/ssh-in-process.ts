import { connect, type AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import ssh2, { type AuthContext } from 'ssh2'

export interface InProcessSsh {
  readonly port: number
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * An SSH server that lets in one user by password, asked for outright or as a question: what an sshd run by nobody in
 * particular cannot be made to do. It forwards connections.
 */
export async function startInProcessSsh({
  hostKeys,
  password,
  asks,
}: {
  readonly hostKeys: readonly string[]
  readonly password: string
  readonly asks: 'password' | 'keyboard-interactive'
}): Promise<InProcessSsh> {
  const server = new ssh2.Server({ hostKeys: hostKeys.map((file) => readFileSync(file)) }, (client) => {
    client.on('error', () => undefined)
    client.on('authentication', (context: AuthContext) => {
      if (context.method !== asks) context.reject([asks])
      else if (context.method === 'password') judge(context, context.password === password)
      else if (context.method === 'keyboard-interactive')
        context.prompt([{ prompt: 'Password: ', echo: false }], (answers) =>
          judge(context, answers[0] === password),
        )
    })
    client.on('tcpip', (accept, _reject, { destIP, destPort }) => {
      const channel = accept()
      const socket = connect({ host: destIP, port: destPort })
      socket.on('error', () => channel.close())
      channel.pipe(socket).pipe(channel)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function judge(context: AuthContext, right: boolean): void {
  if (right) context.accept()
  else context.reject()
}
