import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { addressOf } from '#contract/connection.ts'
import type { Migrations } from '#migration/open.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { freePort } from '../support/free-port.ts'
import { bringToProof, proveFrozen } from '../support/proven-task.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { runCli, type CliRun } from '../support/run-cli.ts'

const mortal = new URL('../support/die-in-finish.ts', import.meta.url).pathname
const dataFolder = dataFolderForEachTest()
const oldSecret = 'secret of the old one'
const freshSecret = 'secret of the new one'

interface Ends extends AsyncDisposable {
  readonly source: RedisServer
  readonly target: RedisServer
}

async function startEnds(): Promise<Ends> {
  const [source, target] = await Promise.all([
    startRedis({ password: oldSecret, args: ['--repl-diskless-sync-delay', '0'] }),
    startRedis({ password: freshSecret }),
  ])
  await source.call('MSET', 'k', '1', 'l', '2')
  return {
    source,
    target,
    async [Symbol.asyncDispose]() {
      await Promise.all([source.stop(), target.stop()])
    },
  }
}

/** A shell's script that notes each time it is run, and where it is told to go. */
const noting = (script: string): string[] => [
  'sh',
  '-c',
  `echo "$KEYFERRY_FROM $KEYFERRY_TO" >> ${dataFolder.path}/told; ${script}`,
]
const told = (): readonly string[] => {
  const file = join(dataFolder.path, 'told')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

function plan(home: Migrations, { source, target }: Ends, onCutover: string[], wayBack = false): string {
  const { id } = home.profiles.save({
    name: 'shop',
    source: { host: source.host, port: source.port, password: oldSecret },
    target: { host: target.host, port: target.port, password: freshSecret },
    options: { onCutover, wayBack },
  })
  return home.tasks.create(id).id
}

it('is run only where somebody here has consented, after the proof; where it fails it is told, and run once more', async () => {
  await using ends = await startEnds()
  await using home = dataFolder.open()
  const { tasks } = home
  const words = noting(`echo no such zone; test -e ${dataFolder.path}/zone`)
  const id = plan(home, ends, words)
  tasks.check(id)
  const { checks, commandConsent } = await untilTask(home, id, ({ state }) => state !== 'checking')
  for (const one of checks?.results ?? []) if (one.state === 'warning') tasks.accept(id, one.id, true)
  expect(commandConsent).toMatchObject({ given: false })
  expect(() => tasks.start(id)).toThrow(
    expect.objectContaining({ failure: expect.objectContaining({ code: 'command.not-consented' }) }),
  )
  home.consents.give(words)
  await bringToProof(home, id)
  expect(told()).toEqual([])

  await expect(tasks.finish(id, {})).rejects.toMatchObject({
    failure: { code: 'command.failed', params: { reason: 'exit code 1' } },
  })
  expect(tasks.get(id)).toMatchObject({
    state: 'frozen',
    command: { state: 'failed', exitCode: 1, output: ['no such zone'] },
  })
  writeFileSync(join(dataFolder.path, 'zone'), '')
  const [one, other] = await Promise.allSettled([
    tasks.finish(id, { afterFinish: 'unfreeze' }),
    tasks.finish(id, { afterFinish: 'leave-frozen' }),
  ])
  expect(one).toMatchObject({ value: { state: 'finished', freeze: { state: 'undone' } } })
  expect(other).toMatchObject({ reason: { failure: { code: 'task.other-ending' } } })
  const { command, proof, writePause } = tasks.get(id)
  expect(command).toMatchObject({ state: 'done', exitCode: 0 })
  expect(command!.startedAt).toBeGreaterThanOrEqual(proof!.endedAt!)
  expect(command!.endedAt).toBeLessThanOrEqual(writePause!.endedAt!)
  const from = `${addressOf(ends.source)} ${addressOf(ends.target)}`
  expect(told()).toEqual([from, from])
}, 120_000)

it('killed while it runs, it may have run: that is told, and it is not run again unless somebody says so', async () => {
  await using ends = await startEnds()
  let id: string
  {
    await using home = dataFolder.open()
    // The first time it ends what has started it.
    const words = noting(
      `test -e ${dataFolder.path}/once || { touch ${dataFolder.path}/once; kill -9 $PPID; }`,
    )
    home.consents.give(words)
    id = plan(home, ends, words)
  }
  const dying = spawn(process.execPath, [mortal, dataFolder.path, id, '{}'], { stdio: ['ignore', 2, 2] })
  expect(await once(dying, 'exit')).toEqual([null, 'SIGKILL'])
  await using home = dataFolder.open()
  const { tasks } = home
  expect(tasks.get(id)).toMatchObject({ state: 'interrupted', command: { state: 'lost' } })
  expect(tasks.get(id).events.map(({ code }) => code)).toContain('command.lost')
  tasks.resume(id)
  await proveFrozen(home, id)
  await expect(tasks.finish(id, {})).rejects.toMatchObject({ failure: { code: 'command.lost' } })
  expect(tasks.get(id).state).toBe('frozen')
  expect(told()).toHaveLength(1)
  expect(await tasks.finish(id, { command: 'again' })).toMatchObject({
    state: 'finished',
    command: { state: 'done' },
  })
  expect(told()).toHaveLength(2)
}, 120_000)

it('with a way back it is run once that is open, and can be run again; the way back has no command of its own', async () => {
  await using ends = await startEnds()
  await using home = dataFolder.open()
  const { tasks } = home
  const words = noting(`test -e ${dataFolder.path}/zone`)
  home.consents.give(words)
  const id = plan(home, ends, words, true)
  await bringToProof(home, id)
  await expect(tasks.finish(id, {})).rejects.toMatchObject({ failure: { code: 'command.failed' } })
  const { state, command, wayBack } = tasks.get(id)
  expect({ state, command: command?.state }).toEqual({ state: 'way-back', command: 'failed' })
  expect(tasks.get(wayBack!).options.onCutover).toBeNull()
  writeFileSync(join(dataFolder.path, 'zone'), '')
  expect(await tasks.runCommand(id)).toMatchObject({ state: 'way-back', command: { state: 'done' } })
  await expect(tasks.runCommand(id)).rejects.toMatchObject({ failure: { code: 'task.wrong-state' } })
  expect(told()).toHaveLength(2)
  await tasks.stop(wayBack!)
  expect(tasks.get(id).state).toBe('finished')
}, 120_000)

it('finished without it, that is told; a password of the plan is not kept in it', async () => {
  await using ends = await startEnds()
  await using home = dataFolder.open()
  expect(() => plan(home, ends, noting(`echo ${freshSecret}`))).toThrow(
    expect.objectContaining({ failure: expect.objectContaining({ code: 'command.holds-secret' }) }),
  )
  const words = noting('true')
  home.consents.give(words)
  const id = plan(home, ends, words)
  await bringToProof(home, id)
  const finished = await home.tasks.finish(id, { command: 'skip' })
  expect(finished).toMatchObject({ state: 'finished', command: null })
  expect(finished.events.map(({ code }) => code)).toContain('command.skipped')
  expect(told()).toEqual([])
}, 120_000)

it('on the command line: one that came in a file is told as such, and not run before it is consented to', async () => {
  const words = ['./switch-dns', '--zone', 'shop example']
  const keyferry = (...args: string[]): Promise<CliRun> =>
    runCli(args, { env: { KEYFERRY_HOME: dataFolder.path }, timeoutMs: 60_000 })
  const side = { host: '127.0.0.1', port: await freePort() }
  const plan = { name: 'shop', source: side, target: { ...side, port: await freePort() } }
  const format = { format: 'keyferry-profile', formatVersion: 1 }
  const text = JSON.stringify({ ...format, ...plan, options: { onCutover: words } })
  {
    await using home = dataFolder.open()
    home.profiles.import(text, 'shop.keyferry')
  }
  const digest = createHash('sha256').update(JSON.stringify(words)).digest('hex')
  const shown = await keyferry('profiles', 'show', 'shop')
  expect(shown.stdout).toContain(
    `./switch-dns --zone 'shop example' (nobody here has consented yet; digest ${digest})`,
  )
  const refused = await keyferry('run', 'shop', '--cutover', 'auto', '--allow-command', 'another')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('command.not-consented')
  // Nobody answers at either address: what it ends with now is that.
  const allowed = await keyferry('run', 'shop', '--cutover', 'auto', '--allow-command', digest)
  expect(allowed.stderr).toContain('connect.refused')
  const again = await keyferry('profiles', 'on-cutover', 'shop', './other')
  expect(again.stdout).toContain('runs at its cutover, on this machine: ./other')
  await using home = dataFolder.open()
  expect(home.profiles.list()).toMatchObject([
    { options: { onCutover: ['./other'] }, commandConsent: { given: true } },
  ])
}, 120_000)
