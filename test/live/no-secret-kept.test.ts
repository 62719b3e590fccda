import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultProfileOptions, type ProfileInput } from '#contract/profile.ts'
import { sshViaSchema } from '#contract/tunnel.ts'
import { reportFile } from '#migration/report/report.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { everythingKept } from '../support/everything-kept.ts'
import { commandLinesOf } from '../support/process-tree.ts'
import { startRedis } from '../support/redis-server.ts'
import { startCli, type CliRun } from '../support/run-cli.ts'
import { startWatched } from '../support/sentinels.ts'
import { startServed } from '../support/serve.ts'
import { startInProcessSsh } from '../support/ssh-in-process.ts'
import { hasSshd, makeKey, startSshServer } from '../support/ssh-server.ts'
import { everyFormOf, tracesOf } from '../support/traces.ts'

const dataFolder = dataFolderForEachTest()
/** Everything goes through SSH servers of ours: a busy machine takes its time. */
const patienceMs = 180_000

/** Nothing else looks like it, and each form of it is another text. */
const secretOf = (kind: string): string => `${kind}/${randomBytes(9).toString('base64url')}+@é`

test('what is looked for is found in whichever form it is there', () => {
  const secret = secretOf('any')
  for (const [form, text] of everyFormOf(secret))
    expect(tracesOf({ any: secret }, `something ${text} else`)).toContain(`any: ${form}`)
  for (const before of ['', 'a', 'ab']) {
    const text = Buffer.from(`${before}${secret}, and more`).toString('base64')
    expect(tracesOf({ any: secret }, text)).toContain('any: base64')
  }
  expect(tracesOf({ any: secret }, `something ${secretOf('any')} else`)).toEqual([])
})

test.skipIf(!hasSshd)(
  'a whole migration with failures in it leaves no secret behind: not in files, reports, exports, output or command lines',
  async () => {
    const secrets: Record<string, string> = {
      source: secretOf('source'),
      sentinel: secretOf('sentinel'),
      target: secretOf('target'),
      'ACL user': secretOf('app'),
      'SSH password': secretOf('bastion'),
      'SSH key passphrase': secretOf('key'),
      'typed for the freeze': secretOf('typed'),
      'passphrase of the secrets': secretOf('words'),
      'mistyped password': secretOf('mistyped'),
    }
    const { source: password, sentinel, target: targetPassword } = secrets as Record<string, string>
    await using watched = await startWatched({
      password: sentinel!,
      nodePassword: password!,
      downAfterMs: 3_000,
    })
    await using target = await startRedis({ password: targetPassword! })
    await using sshd = await startSshServer()
    await using bastion = await startInProcessSsh({
      hostKeys: [join(sshd.dir, 'host')],
      password: secrets['SSH password']!,
      asks: 'password',
    })
    const keyFile = join(sshd.dir, 'with-passphrase')
    makeKey(keyFile, 'ed25519', { passphrase: secrets['SSH key passphrase']! })
    writeFileSync(join(sshd.dir, 'user.pub'), readFileSync(`${keyFile}.pub`))
    const knownHosts = join(sshd.dir, 'known')
    const ports = [sshd.port, bastion.port]
    writeFileSync(knownHosts, ports.map((port) => `[127.0.0.1]:${port} ${sshd.hostKey}\n`).join(''))
    for (const server of [watched.primary, watched.replica]) {
      await server.call('ACL', 'SETUSER', 'app', 'on', `>${secrets['ACL user']}`, '~*', '&*', '+@all')
      await server.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
    }
    await watched.primary.call('MSET', 'k', '1', 'l', '2')
    const plan: ProfileInput = {
      name: 'shop',
      source: {
        ...watched.connection,
        via: sshViaSchema.parse({
          kind: 'ssh',
          hops: [
            {
              host: '127.0.0.1',
              port: bastion.port,
              username: 'ops',
              password: secrets['SSH password'],
            },
          ],
          knownHosts,
        }),
      },
      target: {
        host: target.host,
        port: target.port,
        password: targetPassword!,
        via: sshViaSchema.parse({
          kind: 'ssh',
          hops: [
            {
              host: sshd.host,
              port: sshd.port,
              username: sshd.username,
              keyFile,
              passphrase: secrets['SSH key passphrase'],
            },
          ],
          knownHosts,
        }),
      },
      options: { ...defaultProfileOptions, lockTarget: true },
    }
    const mistyped: ProfileInput = {
      ...plan,
      name: 'mistyped',
      source: { ...plan.source!, password: secrets['mistyped password']! },
    }
    const texts: string[] = []

    let id: string
    {
      await using home = dataFolder.open()
      home.secrets.keep({ keeping: 'passphrase', passphrase: secrets['passphrase of the secrets']! })
      home.connections.save({ name: 'the old one', reach: plan.source! })
      const failing = home.tasks.create(home.profiles.save(mistyped).id)
      home.tasks.check(failing.id)
      const refused = await untilTask(home, failing.id, ({ state }) => state !== 'checking', patienceMs)
      expect(refused.checks!.results[0]).toMatchObject({ failure: { code: 'auth.wrong-password' } })

      ;({ id } = home.tasks.create(home.profiles.save(plan).id))
      home.tasks.check(id)
      const { checks } = await untilTask(home, id, ({ state }) => state !== 'checking', patienceMs)
      for (const one of checks!.results) if (one.state === 'warning') home.tasks.accept(id, one.id, true)
      home.tasks.start(id)
      await untilTask(home, id, ({ inStep }) => inStep, patienceMs)
      for (const { record } of home.freezes.open()) secrets['made for the lock'] = record.secret
      await home.tasks.freeze(id)
      await untilTask(home, id, ({ state }) => state === 'frozen', patienceMs)
      for (const { record } of home.freezes.open(id)) secrets['made for the freeze'] = record.secret
      await home.tasks.unfreeze(id)
      await untilTask(home, id, ({ inStep }) => inStep, patienceMs)
      await home.tasks.freeze(id, { newPassword: secrets['typed for the freeze'] })
      await untilTask(home, id, ({ state }) => state === 'frozen', patienceMs)
      await home.tasks.unfreeze(id)
      texts.push(JSON.stringify([home.tasks.get(id), home.tasks.events(id, undefined, 500)]))
      texts.push(JSON.stringify([home.profiles.list(), home.connections.list(), home.tasks.list()]))
      await home.tasks.pause(id)
    }
    expect(Object.keys(secrets)).toEqual(expect.arrayContaining(['made for the lock', 'made for the freeze']))

    const results = join(dataFolder.path, 'results')
    mkdirSync(results)
    const env = {
      KEYFERRY_HOME: dataFolder.path,
      KEYFERRY_PASSPHRASE: secrets['passphrase of the secrets']!,
      KEYFERRY_SOURCE_PASSWORD: secrets['mistyped password']!,
      KEYFERRY_SOURCE_SSH_PASSWORD: secrets['SSH password']!,
      KEYFERRY_TARGET_PASSWORD: targetPassword!,
      KEYFERRY_TARGET_SSH_PASSPHRASE: secrets['SSH key passphrase']!,
    }
    const keyferry = async (args: readonly string[], dieAt?: RegExp): Promise<CliRun> => {
      const run = startCli(args, { env, timeoutMs: 240_000 })
      const looking = setInterval(() => texts.push(commandLinesOf(run.pid)), 200)
      try {
        if (dieAt !== undefined) {
          await run.says(dieAt)
          run.signal('SIGKILL')
        }
        const ended = await run.ended
        texts.push(ended.stdout, ended.stderr)
        return ended
      } finally {
        clearInterval(looking)
      }
    }
    const told = join(results, 'environment')
    const onCutover = ['--on-cutover', `sh -c 'cat /proc/$$/environ /proc/$$/cmdline > ${told}'`]
    const running = ['run', 'shop', '--accept-warnings', '--json', '--cutover', 'auto', ...onCutover]
    await keyferry(running, /"event":"in-step"/)
    const finished = await keyferry(running)
    expect(finished, finished.stderr + finished.stdout).toMatchObject({ code: 0 })
    expect(readFileSync(told, 'latin1')).toContain('KEYFERRY_TO=')
    const address = `127.0.0.1:${watched.primary.port}`
    const wrong = await keyferry(['check', '-f', address, '-t', `127.0.0.1:${target.port}`, '--json'])
    expect(wrong.stdout).toContain('auth.wrong-password')
    expect((await keyferry(['report', 'shop', '-o', join(results, 'report.html')])).code).toBe(0)
    expect((await keyferry(['profiles', 'export', 'shop', '-o', join(results, 'shop')])).code).toBe(0)
    {
      await using home = dataFolder.open()
      const { text } = reportFile(home.tasks, id, { form: 'json', locale: 'ko', keyferry: '1' })
      writeFileSync(join(results, 'report.json'), text)
    }

    {
      await using served = await startServed(0, dataFolder.path)
      const invitation = await served.invite()
      const answer = await fetch(invitation)
      const session = /=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '')![1]!
      await fetch(`${served.origin}/?token=${secrets['mistyped password']}`)
      await fetch(`${served.origin}/`, { headers: { cookie: answer.headers.get('set-cookie')! } })
      const token = new URL(invitation).searchParams.get('token')!
      // The terminal is where a person is given the address; it is good for one use.
      texts.push(served.output().replaceAll(token, ''), commandLinesOf(served.pid))
      Object.assign(secrets, { 'session of a browser': session, 'invitation of a browser': token })
    }

    // All of it is there to be looked at.
    const kept = everythingKept(dataFolder.path)
    for (const sign of ['keyferry-migration-report', '<html', 'SQLite format 3', 'auth.wrong-password'])
      expect(kept).toContain(sign)
    expect(tracesOf(secrets, kept)).toEqual([])
    for (const text of texts) expect(tracesOf(secrets, Buffer.from(text).toString('latin1'))).toEqual([])
  },
  600_000,
)
