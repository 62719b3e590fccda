import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection } from '#contract/connection.ts'
import { freezeJournal, type FreezeJournal } from '#migration/freeze/record.ts'
import { freezeWrites } from '#migration/freeze/freeze.ts'
import { unfreezeWrites } from '#migration/freeze/unfreeze.ts'
import { planFreeze } from '#migration/freeze/plan.ts'
import { watchFrozen, type FrozenLook } from '#migration/freeze/watch.ts'
import { frozenConnection } from '#migration/freeze/sign-in.ts'
import { KeyBox } from '#migration/secrets.ts'
import { openStore, type Store } from '#store/open.ts'
import { openControl } from '#engine/redis/control.ts'
import type { DeathIn } from '../support/die-in-freeze.ts'
import { application, doors } from '../support/doors.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const mortal = new URL('../support/die-in-freeze.ts', import.meta.url).pathname

let dir: string
let store: Store
let journal: FreezeJournal

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keyferry-freeze-'))
  store = openStore(join(dir, 'keyferry.db'))
  journal = freezeJournal(store.journal, new KeyBox(join(dir, 'key')))
})

afterEach(() => {
  store[Symbol.dispose]()
  rmSync(dir, { recursive: true })
})

const at = (server: RedisServer, password?: string, username?: string): Connection => ({
  host: server.host,
  port: server.port,
  ...(username !== undefined && { username }),
  ...(password !== undefined && { password }),
})

describe('freezing a standalone source', () => {
  const cases: readonly [
    string,
    { password?: string; acl?: readonly (readonly string[])[]; user?: string },
  ][] = [
    ['with a password', { password: 'old-secret' }],
    ['without a password', {}],
    [
      'with ACL users',
      {
        password: 'old-secret',
        acl: [
          ['default', '>second-one'],
          ['admin', 'on', '>admin-secret', '~*', '&*', '+@all'],
          [
            'app',
            'on',
            '>app-secret',
            '>app-next',
            '~app:*',
            '%R~shared:*',
            '&news:*',
            '+@all',
            '-@dangerous',
            '+client|setname',
          ],
          [
            'reader',
            'on',
            'nopass',
            '~*',
            'resetchannels',
            '+@read',
            '(+set ~scratch:*)',
            '(+@all ~tmp:* &tmp:*)',
          ],
          ['gone', 'off', '>never', '~x\xff*', '+get'],
          ['raw', 'on', 'skip-sanitize-payload', '>r', 'allkeys', '-@all', '+restore', '+get'],
        ],
        user: 'admin',
      },
    ],
  ]

  for (const [name, { password, acl = [], user }] of cases) {
    it(`${name}: shuts everyone out, and comes back byte for byte`, async () => {
      await using server = await startRedis(password === undefined ? {} : { password })
      for (const rules of acl)
        await server.call('ACL', 'SETUSER', ...rules.map((rule) => Buffer.from(rule, 'latin1')))
      const connection = user === undefined ? at(server, password) : at(server, 'admin-secret', user)
      const before = await doors(connection)
      const client = application(server, password === undefined ? {} : { password })
      await client.connect()
      await client.set('k', 'before')

      const kept = await freezeWrites({ taskId: 'one', connection, journal })
      expect(kept.record.signedOut).toBeGreaterThanOrEqual(1)
      await expect(client.set('k', 'after')).rejects.toThrow()
      await expect(openControl(connection)).rejects.toMatchObject({ failure: { code: /^auth\./ } })
      await using frozen = await openControl(frozenConnection(kept.record))
      expect(await frozen.call('GET', 'k')).toBe('before')

      expect(await unfreezeWrites({ kept, journal })).toEqual({ changedMeanwhile: [] })
      expect(await doors(connection)).toBe(before)
      expect(journal.open()).toEqual([])
      const again = application(server, password === undefined ? {} : { password })
      await again.connect()
      expect(await again.set('k', 'later')).toBe('OK')
      again.disconnect()
      client.disconnect()
    })
  }

  it('lets no write through after the offset it tells: pipelines, blocked, Pub/Sub and queued MULTI', async () => {
    await using server = await startRedis({ password: 'old' })
    const acknowledged = new Map<string, number>()
    let stop = false
    /** Writes numbers one after the other, 50 on their way at a time, and remembers what was acknowledged. */
    const pipeliner = async (key: string): Promise<void> => {
      const client = application(server, { password: 'old' })
      await client.connect()
      let next = 1
      const one = async (): Promise<void> => {
        while (!stop) {
          const number = next++
          try {
            await client.rpush(key, number)
            acknowledged.set(key, (acknowledged.get(key) ?? 0) + 1)
          } catch {
            return
          }
        }
      }
      await Promise.all(Array.from({ length: 50 }, one))
      client.disconnect()
    }
    const writers = ['w1', 'w2', 'w3', 'w4'].map(pipeliner)
    const raw = async (...lines: string[]): Promise<Socket> => {
      const socket = connect(server.port, server.host)
      socket.on('error', () => undefined)
      socket.write(['AUTH old', ...lines, ''].join('\r\n'))
      await sleep(30)
      return socket
    }
    const queued = await raw('MULTI', 'SET queued 1')
    const blocked = await raw('BLMOVE nothing there LEFT RIGHT 0')
    const subscriber = await raw('SUBSCRIBE news')
    await sleep(300)

    const kept = await freezeWrites({ taskId: 'tight', connection: at(server, 'old'), journal })
    queued.write('EXEC\r\n')
    blocked.write('SET blocked 1\r\n')
    subscriber.write('UNSUBSCRIBE news\r\nSET subscribed 1\r\n')
    await sleep(300)
    stop = true
    await Promise.all(writers)

    await using frozen = await openControl(frozenConnection(kept.record))
    const info = String(await frozen.call('INFO', 'replication'))
    expect(info).toContain(`master_repl_offset:${kept.record.nodes[0]?.offset}`)
    expect(await frozen.call('EXISTS', 'queued', 'blocked', 'subscribed')).toBe(0)
    for (const key of ['w1', 'w2', 'w3', 'w4']) {
      expect(acknowledged.get(key)).toBeGreaterThan(10)
      expect(await frozen.call('LLEN', key)).toBeGreaterThanOrEqual(acknowledged.get(key) ?? 0)
    }
    for (const socket of [queued, blocked, subscriber]) socket.destroy()
    await unfreezeWrites({ kept, journal })
  })

  it('is watched: a restart, a new password, a changed user and a write are noticed', async () => {
    for (const [expected, deed] of [
      ['restarted', (server: RedisServer) => server.restart()],
      [
        'password-changed',
        (_: RedisServer, run: Run) => run('CONFIG', 'SET', 'requirepass', 'somebody-elses'),
      ],
      ['acl-changed', (_: RedisServer, run: Run) => run('ACL', 'SETUSER', 'app', 'on', '+set')],
      ['foreign-client', (_: RedisServer, run: Run) => run('SET', 'k', 'v')],
    ] as const) {
      await using server = await startRedis({ password: 'old' })
      await server.call('ACL', 'SETUSER', 'app', 'on', '>x', '~*', '+@all')
      const kept = await freezeWrites({ taskId: 'watched', connection: at(server, 'old'), journal })
      await using own = await openControl(frozenConnection(kept.record))
      const ending = new AbortController()
      const looks: FrozenLook[] = []
      const watching = watchFrozen([kept.record], {
        signal: ending.signal,
        onLook: (look) => looks.push(look),
      })
      await sleep(700)
      expect(looks.length).toBeGreaterThanOrEqual(2)
      expect(looks.at(-1)?.foreignClients).toBe(0)
      await deed(server, (name, ...args) => own.call(name, ...args))
      expect(await watching).toEqual({ breach: expected, address: `127.0.0.1:${server.port}` })
      ending.abort()
      journal.close(kept, 'undone')
    }
  })

  it('counts writes that are turned away', async () => {
    await using server = await startRedis({ password: 'old' })
    const kept = await freezeWrites({ taskId: 'counted', connection: at(server, 'old'), journal })
    const ending = new AbortController()
    let last: FrozenLook | null = null
    const watching = watchFrozen([kept.record], { signal: ending.signal, onLook: (look) => (last = look) })
    await sleep(400)
    const socket = connect(server.port, server.host)
    socket.write('SET a 1\r\nSET b 2\r\nLPUSH c 3\r\n')
    await sleep(500)
    expect(last).toMatchObject({ refusedWrites: 3, foreignClients: 1 })
    socket.destroy()
    ending.abort()
    expect(await watching).toBeNull()
    await unfreezeWrites({ kept, journal })
  })

  it('is undone from the journal alone, wherever a crash left it', async () => {
    await using server = await startRedis({ password: 'old' })
    await server.call('ACL', 'SETUSER', 'app', 'on', '>x', '~*', '&*', '+@all')
    const connection = at(server, 'old')
    const before = await doors(connection)
    const kept = await freezeWrites({ taskId: 'crash', connection, journal })
    // As if we had died right after the transaction, before reading anything back.
    const nodes = kept.record.nodes.map((node) => ({ ...node, aclFrozen: null, offset: null }))
    journal.amend(kept, { nodes, frozenAt: null })
    const found = freezeJournal(store.journal, new KeyBox(join(dir, 'key'))).open()
    expect(found).toHaveLength(1)
    await unfreezeWrites({ kept: found[0]!, journal })
    expect(await doors(connection)).toBe(before)

    // As if we had died between journal and deed: nothing to undo, and nothing is done.
    const intended = journal.write('crash-2', { ...kept.record, ownUser: 'kf-crash-2', nodes })
    expect(await unfreezeWrites({ kept: intended, journal })).toEqual({ changedMeanwhile: [] })
    expect(await doors(connection)).toBe(before)
  })

  it.each(['journal', 'journaled', 'own-user', 'changed', 'recorded'] satisfies DeathIn[])(
    'is undone byte for byte after kill -9 at: %s; or made anew, and then undone',
    async (moment) => {
      await using server = await startRedis({ password: 'old-secret' })
      await server.call('ACL', 'SETUSER', 'app', 'on', '>x', '~app:*', '&*', '+@all', '-@dangerous')
      const connection = at(server, 'old-secret')
      const before = await doors(connection)
      const dies = [
        join(dir, 'keyferry.db'),
        join(dir, 'key'),
        server.host,
        String(server.port),
        'old-secret',
      ]
      for (const again of [false, true]) {
        const ended = spawnSync(process.execPath, [mortal, ...dies, moment])
        expect(ended.signal).toBe('SIGKILL')
        const [found] = journal.open()
        expect(found === undefined).toBe(moment === 'journal')
        if (found === undefined) continue
        if (again) await freezeWrites({ taskId: 'mortal', connection, journal })
        expect(await unfreezeWrites({ kept: journal.open()[0]!, journal })).toEqual({ changedMeanwhile: [] })
        expect(await doors(connection)).toBe(before)
      }
      expect(await doors(connection)).toBe(before)
    },
  )

  it('after a restart of the source there is nothing left to put back', async () => {
    await using server = await startRedis({ password: 'old' })
    const connection = at(server, 'old')
    const before = await doors(connection)
    const kept = await freezeWrites({ taskId: 'restart', connection, journal })
    await server.restart()
    expect(await unfreezeWrites({ kept, journal })).toEqual({ changedMeanwhile: [] })
    expect(await doors(connection)).toBe(before)
  })

  it('tells what somebody else changed meanwhile, and leaves it alone', async () => {
    await using server = await startRedis({ password: 'old' })
    await server.call('ACL', 'SETUSER', 'app', 'on', '>x', '~*', '&*', '+@all')
    await server.call('ACL', 'SETUSER', 'other', 'on', '>y', '~*', '&*', '+@all')
    const kept = await freezeWrites({ taskId: 'meddled', connection: at(server, 'old'), journal })
    {
      await using own = await openControl(frozenConnection(kept.record))
      await own.call('ACL', 'SETUSER', 'app', 'resetpass', '>changed')
      await own.call('ACL', 'DELUSER', 'other')
    }
    expect(await unfreezeWrites({ kept, journal })).toEqual({ changedMeanwhile: ['app', 'other'] })
    const users = (await server.call('ACL', 'LIST')) as string[]
    expect(users.find((line) => line.startsWith('user app '))).toContain(' off ')
    expect(users.some((line) => line.startsWith('user other ') || line.startsWith('user kf-'))).toBe(false)
    expect(await server.call('CONFIG', 'GET', 'requirepass')).toEqual(['requirepass', 'old'])
  })

  it('refuses where it would do harm, and changes nothing there', async () => {
    await using server = await startRedis({ password: 'old' })
    const connection = at(server, 'old')
    await server.call('ACL', 'SETUSER', 'weak', 'on', '>weak-secret', '~*', '&*', '+@all', '-acl')
    const withWeak = await doors(connection)
    await expect(
      freezeWrites({ taskId: 'w', connection: at(server, 'weak-secret', 'weak'), journal }),
    ).rejects.toMatchObject({ failure: { code: 'freeze.not-permitted' } })
    expect(await doors(connection)).toBe(withWeak)
    expect(journal.open()).toEqual([])
  })

  it('shows what it would do, and to whom, and does nothing', async () => {
    await using server = await startRedis({ password: 'planned-secret' })
    await server.call('ACL', 'SETUSER', 'app', 'on', '>x', '~*', '&*', '+@all')
    const connection = at(server, 'planned-secret')
    const before = await doors(connection)
    const client = application(server, { password: 'planned-secret' })
    await client.connect()
    await client.call('CLIENT', 'SETNAME', 'api-session')
    const plan = await planFreeze('planned', connection)
    expect(plan.refusal).toBeNull()
    expect(plan.users).toEqual(['app'])
    expect(plan.clients).toContainEqual({ name: 'api-session', host: '127.0.0.1', count: 1 })
    expect(plan.steps.map(({ kind, allowed }) => [kind, allowed])).toEqual([
      ['record', true],
      ['own-user', true],
      ['hold-writes', true],
      ['change-password', true],
      ['users-off', true],
      ['sign-out', true],
    ])
    expect(JSON.stringify(plan)).not.toContain('planned-secret')
    expect(await doors(connection)).toBe(before)
    client.disconnect()
  })
})

type Run = (name: string, ...args: string[]) => Promise<unknown>
