import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startProxy } from '../support/proxy.ts'
import { startRedis } from '../support/redis-server.ts'
import { runCli, startCli, type CliRun } from '../support/run-cli.ts'
import { startInProcessSsh, type InProcessSsh } from '../support/ssh-in-process.ts'
import { hasSshd, startSshServer, type SshServer } from '../support/ssh-server.ts'
import { compareAll } from '../support/sync-ends.ts'

describe.skipIf(!hasSshd)('the command line through SSH servers', () => {
  let outer: SshServer
  let inner: SshServer
  let folder: string
  beforeAll(async () => {
    outer = await startSshServer()
    inner = await startSshServer()
  })
  afterAll(async () => {
    await inner[Symbol.asyncDispose]()
    await outer[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyferry-tunnel-cli-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** Both servers let in one key here. */
  const through = (prefix: string, firstPort = outer.port): readonly string[] => {
    const user = outer.username
    return [
      `--${prefix}via`,
      `ssh://${user}@127.0.0.1:${firstPort},${user}@127.0.0.1:${inner.port}`,
      `--${prefix}ssh-key`,
      outer.userKey,
      ...[outer, inner].flatMap((server) => [`--${prefix}accept-host-key`, fingerprintOf(server)]),
    ]
  }

  test('a restore whose session is cut in the middle goes on over a new one', async () => {
    await using source = await startRedis({ dir: folder })
    await using target = await startRedis()
    await using wire = await startProxy(outer.port)
    source.cli('DEBUG', 'POPULATE', '40000', 'key', '64')
    source.cli('SAVE')
    letIn(inner, outer)
    const restore = startCli(
      [
        ...['restore', '-i', join(folder, 'dump.rdb'), '-t', `127.0.0.1:${target.port}`, '--json'],
        // Slowly enough to be cut in the middle of it.
        ...['--max-keys', '20000'],
        ...through('', wire.port),
      ],
      { timeoutMs: 100_000 },
    )
    await restore.says(/"phase":"writing"(?=.*"keysWritten":[1-9])/)
    wire.cut()
    const run = await restore.ended
    expect(run.stderr).toBe('')
    const waited = run.events.find(({ phase }) => phase === 'waiting')
    expect(waited).toMatchObject({ waitingFor: { code: 'tunnel.lost' } })
    const done = run.events.at(-1)!
    expect(done).toMatchObject({ event: 'done', exitCode: 0, keysWritten: 40_000 })
    expect(done['reconnects']).toBeGreaterThan(0)
    expect(await compareAll(source, target)).toMatchObject({ equal: true, sourceKeys: 40_000 })
  }, 120_000)

  describe('with passwords everywhere', () => {
    let bastion: InProcessSsh
    beforeAll(async () => {
      bastion = await startInProcessSsh({
        hostKeys: [join(outer.dir, 'host')],
        password: 'bastion-geheim',
        asks: 'password',
      })
    })
    afterAll(() => bastion[Symbol.asyncDispose]())

    test('sync, freeze, verify, finish: all of it, and no secret anywhere', async () => {
      await using source = await startRedis({ password: 'source-geheim' })
      await using target = await startRedis({ password: 'target-geheim' })
      source.cli('DEBUG', 'POPULATE', '2000')
      letIn(inner, outer)
      const env = {
        KEYFERRY_HOME: join(folder, 'data'),
        KEYFERRY_SOURCE_PASSWORD: 'source-geheim',
        KEYFERRY_TARGET_PASSWORD: 'target-geheim',
        KEYFERRY_SOURCE_SSH_PASSWORD: 'bastion-geheim',
      }
      const toSource = [
        ...['-f', `127.0.0.1:${source.port}`, '--source-via', `ssh://ops@127.0.0.1:${bastion.port}`],
        ...['--source-accept-host-key', fingerprintOf(outer)],
      ]
      const both = [...toSource, '-t', `127.0.0.1:${target.port}`, ...through('')]
      const runs: CliRun[] = []
      const run = async (...args: readonly string[]): Promise<CliRun> => {
        const ended = await runCli([...args, '--json'], { env, timeoutMs: 60_000 })
        runs.push(ended)
        expect(ended, args[0]).toMatchObject({ code: 0, stderr: '' })
        return ended
      }
      await run('sync', ...both, '--until', 'in-step', '--accept-warnings')
      await run('freeze', ...toSource)
      await run('verify', ...both)
      await run('unfreeze')
      await run('finish', ...both)
      expect(await target.call('DBSIZE')).toBe(2000)
      for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toContain('geheim')
      const kept = filesIn(folder)
      expect(kept.some((file) => file.endsWith('keyferry.db'))).toBe(true)
      for (const file of kept) expect(readFileSync(file).includes('geheim'), file).toBe(false)
    }, 120_000)
  })

  test('refuses a server nobody has vouched for, where nobody can be asked', async () => {
    const run = await runCli(
      [
        ...['verify', '-f', '127.0.0.1:1', '-t', '127.0.0.1:1'],
        ...['--source-via', `ssh://127.0.0.1:${outer.port}`, '--source-ssh-key', outer.userKey],
        ...['--source-known-hosts', join(folder, 'none')],
      ],
      { env: { KEYFERRY_HOME: folder } },
    )
    expect(run.code).toBe(1)
    expect(run.stderr).toContain(fingerprintOf(outer))
    expect(run.stderr).toContain('(ssh.unknown-host)')
  })
})

/** Has one server let in the key that another one does. */
function letIn(server: SshServer, other: SshServer): void {
  execFileSync('sh', ['-c', 'cat "$1" >> "$2"', 'sh', `${other.userKey}.pub`, `${server.userKey}.pub`])
}

function fingerprintOf(server: SshServer): string {
  return execFileSync('ssh-keygen', ['-lf', join(server.dir, 'host.pub')], { encoding: 'utf8' }).split(
    ' ',
  )[1]!
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
