import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import type { contract } from '#contract/api.ts'
import { FailureError, makeFailure } from '#contract/failure.ts'
import { openDoor, type Channel } from './door.ts'
import { createRestores } from './restores.ts'
import type { ConsoleServices } from './services.ts'

/** No secrets are kept here: what is given is all there is. */
const connections = { complete: (given: unknown) => given }
const host = {
  shell: 'browser',
  version: '1',
  platform: 'linux',
  filePicker: 'browse',
  home: '/',
  commands: false,
} as const

/** A console on one end of a pair of queues, and the real client of the contract on the other. */
function connect(services: Partial<ConsoleServices> = {}) {
  let toServer: (frame: unknown) => void = () => undefined
  let closed: () => void = () => undefined
  const client = new EventTarget()
  const refuse = vi.fn()
  const channel: Channel = {
    send(frame) {
      client.dispatchEvent(new MessageEvent('message', { data: frame }))
      return Promise.resolve()
    },
    onFrame: (heard) => (toServer = heard),
    onClose: (heard) => (closed = heard),
    refuse,
  }
  const lines: string[] = []
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) })
  openDoor({ host, log, connections, ...services } as unknown as ConsoleServices)(channel)
  const websocket = Object.assign(client, { readyState: 1, send: (frame: unknown) => toServer(frame) })
  const link = new RPCLink({ websocket: websocket as unknown as WebSocket })
  return {
    client: createORPCClient<ContractRouterClient<typeof contract>>(link),
    say: (frame: unknown) => toServer(frame),
    hangUp: () => closed(),
    refuse,
    lines,
  }
}

test('a call is answered', async () => {
  expect(await connect().client.host.capabilities()).toEqual({ ok: host })
})

test('input that does not fit is told by the field, not thrown', async () => {
  const { client } = connect()

  expect(await client.connections.test({ host: 'h', port: 70000 })).toEqual({
    failed: makeFailure('usage.invalid', { field: 'port' }),
  })
  expect(await client.connections.test({ host: 'h'.repeat(256), port: 7000 })).toEqual({
    failed: makeFailure('usage.too-long', { field: 'host', most: 255 }),
  })
})

test('a failure arrives whole, its cause stays in the log', async () => {
  const probe = () => Promise.reject(new FailureError(makeFailure('connect.refused', { host: 'h' }, 'ECONN')))
  const { client, lines } = connect({ probe })

  expect(await client.connections.test({ host: 'h', port: 1 })).toEqual({
    failed: { code: 'connect.refused', params: { host: 'h' }, retryable: true },
  })
  expect(lines.join()).toContain('ECONN')
})

test('what we did not foresee is internal.unexpected, and logged with its stack but no input', async () => {
  const probe = () => Promise.reject(new TypeError('x is not a function'))
  const { client, lines } = connect({ probe })
  const answer = await client.connections.test({ host: 'h', port: 1, password: 'hunter2' })

  expect(answer).toMatchObject({ failed: { code: 'internal.unexpected' } })
  expect(JSON.stringify(answer)).not.toContain('door.test.ts')
  expect(lines.join()).toContain('door.test.ts')
  expect(lines.join()).not.toContain('hunter2')
})

test('a subscription to what is not there ends with the failure', async () => {
  const { client } = connect({
    restores: createRestores({ run: () => new Promise(() => undefined), prepare: () => undefined }),
  })
  const heard = []
  for await (const answer of await client.restores.watch({ id: 'nobody' })) heard.push(answer)

  expect(heard).toEqual([{ failed: makeFailure('restore.not-found', { id: 'nobody' }) }])
})

test('hanging up aborts the calls under way', async () => {
  let aborted = false
  const probe: ConsoleServices['probe'] = (_connection, signal) =>
    new Promise(() => signal?.addEventListener('abort', () => (aborted = true)))
  const { client, hangUp } = connect({ probe })
  void client.connections.test({ host: 'h', port: 1 }).catch(() => undefined)
  await vi.waitFor(() => {
    hangUp()
    expect(aborted).toBe(true)
  })
})

test.each([
  ['no JSON', '{'],
  ['bytes', Buffer.from('{}')],
  ['no call', '[]'],
  ['an absolute address', JSON.stringify({ i: '1', p: { u: 'http://elsewhere/host/capabilities' } })],
  ['a path upwards', JSON.stringify({ i: '1', p: { u: '/../host' } })],
  ['an upload', JSON.stringify({ i: '1', p: { u: '/files/list', h: { 'content-disposition': 'x' } } })],
  ['a stream of its own', JSON.stringify({ i: '1', t: 3, p: { e: 'message' } })],
  ['no id', JSON.stringify({ p: { u: '/host/capabilities' } })],
])('%s is refused and answered by nothing', (_name, frame) => {
  const { say, refuse } = connect()
  say(frame)

  expect(refuse).toHaveBeenCalledOnce()
})

test.each(['/__proto__/constructor', '/host', '/nothing/here', '/restores/toString'])(
  'there is no procedure %s',
  async (u) => {
    const { client, say, refuse } = connect()
    say(JSON.stringify({ i: '7', p: { u } }))

    expect(await client.host.capabilities()).toEqual({ ok: host })
    expect(refuse).not.toHaveBeenCalled()
  },
)

test('a browser gives no plan a command, and no command consent, unless whoever serves it allows that', async () => {
  const words = ['./switch-dns', 'shop.example']
  const save = vi.fn((input: unknown) => input)
  const give = vi.fn(() => ({ digest: 'd', given: true }))
  const stored = { options: { onCutover: ['./known'] } }
  const services = (commands: boolean) =>
    ({
      host: { ...host, commands },
      profiles: { save, get: () => stored, import: save },
      consents: { give },
    }) as unknown as Partial<ConsoleServices>
  const plan = { name: 'shop', source: null, target: null }
  const file = (onCutover: string[] | null) =>
    JSON.stringify({ format: 'keyferry-profile', formatVersion: 1, ...plan, options: { onCutover } })
  const refused = { failed: makeFailure('command.not-from-here', { program: './switch-dns' }) }

  const { client: browser } = connect(services(false))
  expect(await browser.profiles.save({ ...plan, options: { onCutover: words } })).toEqual(refused)
  expect(await browser.profiles.save({ ...plan, id: 'p', options: { onCutover: words } })).toEqual(refused)
  expect(await browser.profiles.import({ name: 'shop.keyferry', text: file(words) })).toEqual(refused)
  expect(await browser.commands.consent({ words })).toEqual(refused)
  expect(save).not.toHaveBeenCalled()
  expect(give).not.toHaveBeenCalled()
  // What the plan has already stays, or is taken out.
  for (const onCutover of [['./known'], null])
    expect(await browser.profiles.save({ ...plan, id: 'p', options: { onCutover } })).toHaveProperty('ok')
  expect(await browser.profiles.import({ name: 'shop.keyferry', text: file(null) })).toHaveProperty('ok')

  const { client: trusted } = connect(services(true))
  expect(await trusted.profiles.save({ ...plan, options: { onCutover: words } })).toHaveProperty('ok')
  expect(await trusted.commands.consent({ words })).toEqual({ ok: { digest: 'd', given: true } })
})
