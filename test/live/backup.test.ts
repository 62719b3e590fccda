import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { backupSpecSchema, type BackupProgress, type BackupResult } from '#contract/backup.ts'
import type { Connection } from '#contract/connection.ts'
import { toFailure, type Failure } from '#contract/failure.ts'
import { runBackup } from '#engine/flow/backup.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { otherServers, startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli } from '../support/run-cli.ts'
import { hasSshd, startSshServer } from '../support/ssh-server.ts'
import { compareAll, connectionTo } from '../support/sync-ends.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyferry-backup-'))
afterAll(() => rmSync(folder, { recursive: true }))
const freshFolder = (): string => mkdtempSync(join(folder, 'to-'))

function backUp(
  sources: readonly Connection[],
  to: string,
  kind: 'rdb' | 'aof' = 'rdb',
  heard: (progress: BackupProgress) => void = () => undefined,
  signal = new AbortController().signal,
): Promise<BackupResult> {
  return runBackup(backupSpecSchema.parse({ sources, folder: to, kind }), heard, signal)
}

const failureOf = async (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.fail('it did not fail'),
    (thrown: unknown) => toFailure(thrown),
  )

async function fill(server: RedisServer): Promise<void> {
  for (let at = 0; at < 300; at += 1) await server.call('SET', `key:${at}`, `value ${at}`)
  await server.call('RPUSH', 'list', 1, 2, 3)
  await server.call('EXPIRE', 'list', 10_000)
  await server.call('INCR', 'counter')
}

describe('RDB', () => {
  test('of two servers of this machine: saved, fetched, and read through', async () => {
    await using one = await startRedis()
    await using other = await startRedis({ password: 'hunter2' })
    await fill(one)
    await other.call('SET', 'a', 1)
    const to = freshFolder()
    const result = await backUp([connectionTo(one), connectionTo(other, 'hunter2')], to)

    const [first, second] = [one, other].map(({ port }) => join(to, `127.0.0.1-${port}.rdb`))
    expect(result.backups).toMatchObject([
      { file: first, keys: 302, madeAt: join(one.dir, 'dump.rdb') },
      { file: second, keys: 1 },
    ])
    expect(readdirSync(to)).toHaveLength(2)
    const dir = freshFolder()
    copyFileSync(first!, join(dir, 'dump.rdb'))
    await using loaded = await startRedis({ dir })
    expect(await compareAll(one, loaded)).toMatchObject({ equal: true })

    expect(await failureOf(backUp([connectionTo(one)], to))).toMatchObject({ code: 'file.exists' })
  })

  test('where the source saves already, a newer one is made', async () => {
    await using server = await startRedis()
    await fill(server)
    // 5 ms a key: a second and a half.
    await server.call('CONFIG', 'SET', 'rdb-key-save-delay', 5_000)
    await server.call('BGSAVE')
    await server.call('CONFIG', 'SET', 'rdb-key-save-delay', 0)
    await server.call('SET', 'later', 1)
    expect(await backUp([connectionTo(server)], freshFolder())).toMatchObject({ backups: [{ keys: 303 }] })
  })

  test('that cannot be written is told, and the source may go on', async () => {
    await using server = await startRedis({ args: ['--dbfilename', 'taken'] })
    await fill(server)
    mkdirSync(join(server.dir, 'taken'))
    const to = freshFolder()
    expect(await failureOf(backUp([connectionTo(server)], to))).toMatchObject({
      code: 'backup.not-made',
      params: { address: `127.0.0.1:${server.port}`, command: 'BGSAVE' },
    })
    expect(readdirSync(to)).toEqual([])
  })

  test('of a cluster: every master', async () => {
    await using cluster = await startCluster()
    const { backups } = await backUp([connectionTo(cluster.nodes[1]!)], freshFolder())
    expect(backups.map(({ address }) => address).sort()).toEqual(
      cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).sort(),
    )
  })

  test('that lies where nobody gets at it: told where, with 3', async () => {
    await using server = await startRedis()
    // As in a container: its folder is not there for us.
    await server.call('SET', 'a', 1)
    await server.call('ACL', 'SETUSER', 'default', '-config|get')
    const run = await runCli(['backup', '-f', `127.0.0.1:${server.port}`, '-o', freshFolder()])
    expect(run).toMatchObject({ code: 3 })
    expect(run.stdout).toContain(`127.0.0.1:${server.port} has saved`)
    expect(run.stdout).toContain('keyferry dump')
  })
})

describe('append-only files', () => {
  test('of 7.0, many files: what was fetched is loaded by the server as it is', async () => {
    await using server = await startRedis({ args: ['--appendonly', 'yes'] })
    await fill(server)
    const to = freshFolder()
    const { backups } = await backUp([connectionTo(server)], to, 'aof')
    const file = join(to, `127.0.0.1-${server.port}-aof`)
    expect(backups).toMatchObject([{ file, keys: null, madeAt: join(server.dir, 'appendonlydir') }])

    const dir = freshFolder()
    cpSync(file, join(dir, 'appendonlydir'), { recursive: true })
    await using loaded = await startRedis({ dir, args: ['--appendonly', 'yes'] })
    expect(await compareAll(server, loaded)).toMatchObject({ equal: true })

    await using target = await startRedis()
    const run = await runCli(['restore', '-i', file, '-t', `127.0.0.1:${target.port}`])
    expect(run).toMatchObject({ code: 0 })
    expect(await compareAll(server, target)).toMatchObject({ equal: true })
  })

  test('where there is none', async () => {
    await using server = await startRedis()
    expect(await failureOf(backUp([connectionTo(server)], freshFolder(), 'aof'))).toMatchObject({
      code: 'backup.no-aof',
    })
  })
})

if (!hasSshd) console.warn('There is no sshd: no backup over SFTP.')
describe.skipIf(!hasSshd)('through a tunnel', () => {
  test.each(['rdb', 'aof'] as const)('%s: fetched over SFTP from the last hop', async (kind) => {
    await using ssh = await startSshServer()
    await using server = await startRedis({ args: ['--appendonly', 'yes'] })
    await fill(server)
    const hop = { host: ssh.host, port: ssh.port, username: ssh.username, keyFile: ssh.userKey, agent: false }
    const via = { kind: 'ssh' as const, hops: [hop], knownHosts: ssh.knownHosts, acceptedKeys: [] }
    const to = freshFolder()
    const { backups } = await backUp([{ ...connectionTo(server), via }], to, kind)
    const name = `127.0.0.1-${server.port}${kind === 'rdb' ? '.rdb' : '-aof'}`
    expect(backups).toMatchObject([{ file: join(to, name), keys: kind === 'rdb' ? 302 : null }])
    expect(existsSync(join(to, name))).toBe(true)
    expect(ssh.log()).toContain('sftp')
  })
})

const others = otherServers()
if (others.length === 0) console.warn('KEYFERRY_TEST_SERVERS is not set: no backup from other versions.')
describe.skipIf(others.length === 0)('every version', () => {
  test.each(others.map(({ name, version, binary }) => [`${name} ${version}`, binary] as const))(
    '%s, RDB and append-only file',
    async (_, binary) => {
      await using server = await startRedis({ binary, args: ['--appendonly', 'yes'] })
      await fill(server)
      const to = freshFolder()
      expect(await backUp([connectionTo(server)], to)).toMatchObject({ backups: [{ keys: 302 }] })
      const { backups } = await backUp([connectionTo(server)], to, 'aof')
      expect(existsSync(backups[0]!.file!)).toBe(true)
      expect(backups[0]!.bytes).toBeGreaterThan(1_000)
    },
  )
})

describe('guided', () => {
  const env = (home: string): Record<string, string> => ({
    KEYFERRY_HOME: home,
    KEYFERRY_SOURCE_PASSWORD: 'old-secret',
    KEYFERRY_TARGET_PASSWORD: 'new-secret',
  })

  test('from the freeze to the new address: what was acknowledged has arrived, and the source stays frozen', async () => {
    await using source = await startRedis({ password: 'old-secret' })
    await using target = await startRedis({ password: 'new-secret' })
    await fill(source)
    const doors = await source.call('ACL', 'LIST')
    const home = freshFolder()
    const ends = ['-f', `127.0.0.1:${source.port}`, '-t', `127.0.0.1:${target.port}`]
    const guided = (...more: string[]): ReturnType<typeof runCli> =>
      runCli(['backup', '--guided', ...ends, '-o', freshFolder(), ...more], {
        env: env(home),
        timeoutMs: 60_000,
      })

    expect(await guided()).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    await target.call('SET', 'theirs', 1)
    expect((await guided('--yes')).stderr).toContain('(target.not-empty)')
    await target.call('DEL', 'theirs')
    await source.call('SET', 'last', 1)

    const moved = await guided('--yes', '--json')
    expect(moved).toMatchObject({ code: 0, stderr: '' })
    expect(moved.stdout).not.toContain('secret')
    expect(moved.events.filter(({ event }) => event === 'step').map(({ step }) => step)).toEqual([
      'look',
      'freeze',
      'backup',
      'restore',
      'compare',
      'hand-over',
    ])
    expect(moved.events.at(-1)).toMatchObject({ event: 'done', equal: true, freeze: 'left' })
    expect(await target.call('GET', 'last')).toBe('1')
    await expect(source.call('SET', 'late', 1)).rejects.toThrow()

    // Gone on with, as after an interruption.
    expect((await guided('--yes')).stderr).toContain('(target.not-empty)')
    const again = await guided('--yes', '--force')
    expect(again.stdout).toContain('Everything has arrived')
    expect(again.stdout).toMatch(/Memory: \d.* at the source, \d.* at the target/)
    expect((await runCli(['unfreeze'], { env: env(home) })).code).toBe(0)
    expect(await source.call('ACL', 'LIST')).toEqual(doors)
  })
})
