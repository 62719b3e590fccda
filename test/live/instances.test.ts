import { expect, it } from 'vitest'
import type { AccessKind } from '#contract/connection.ts'
import type { CheckId, CheckResult } from '#contract/precheck.ts'
import { sayFailure } from '#contract/words/say-failure.ts'
import type { Migrations } from '#migration/open.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'

const dataFolder = dataFolderForEachTest()

interface Side {
  readonly host?: string
  readonly port: number
  readonly instanceId?: string
  readonly access?: AccessKind
}

function plan(home: Migrations, name: string, source: Side, target: Side): string {
  const host = '127.0.0.1'
  const { id } = home.profiles.save({ name, source: { host, ...source }, target: { host, ...target } })
  return home.tasks.create(id).id
}

async function checked(home: Migrations, id: string): Promise<(check: CheckId) => CheckResult> {
  home.tasks.check(id)
  const { checks } = await untilTask(home, id, ({ state }) => state !== 'checking')
  return (check) => checks!.results.find((one) => one.id === check)!
}

it('an instance is known by the id a person gave it, whatever its address: as the other side, and in another task', async () => {
  await using one = await startRedis()
  await using other = await startRedis()
  await using third = await startRedis()
  await using home = dataFolder.open()
  const twice = await checked(
    home,
    plan(home, 'twice', { port: one.port, instanceId: 'ins-1' }, { port: other.port, instanceId: 'ins-1' }),
  )
  expect(twice('not-same-server')).toMatchObject({
    state: 'failed',
    finding: 'same-instance',
    params: { instance: 'ins-1' },
  })

  const first = plan(
    home,
    'first',
    { port: one.port, instanceId: 'ins-1' },
    { port: other.port, instanceId: 'ins-2' },
  )
  const found = await checked(home, first)
  expect(found('not-same-server').state).toBe('passed')
  for (const { id, state } of home.tasks.get(first).checks!.results)
    if (state === 'warning') home.tasks.accept(first, id, true)
  home.tasks.start(first)
  await untilTask(home, first, ({ inStep }) => inStep)
  await home.tasks.pause(first)
  // By a name that is another address, in both directions: paused, it still holds them.
  const again = await checked(
    home,
    plan(
      home,
      'again',
      { host: 'localhost', port: third.port, instanceId: 'ins-2' },
      { host: 'localhost', port: one.port, instanceId: 'ins-1' },
    ),
  )
  // And by what the servers said of themselves when it was checked.
  const unnamed = await checked(
    home,
    plan(home, 'unnamed', { host: 'localhost', port: other.port }, { host: 'localhost', port: one.port }),
  )
  for (const says of [again, unnamed])
    for (const check of ['source-other-task', 'target-other-task'] as const)
      expect(says(check)).toMatchObject({ state: 'failed', finding: 'other-task', params: { task: 'first' } })
  await home.tasks.stop(first)
  const free = await checked(
    home,
    plan(home, 'free', { host: 'localhost', port: other.port }, { host: 'localhost', port: third.port }),
  )
  for (const check of ['source-other-task', 'target-other-task'] as const)
    expect(free(check).state).toBe('passed')
}, 60_000)

it('what keeps us from a server tells by what it is reached, and what to look at goes by that', async () => {
  await using target = await startRedis({ password: 'the secret of the target' })
  await using home = dataFolder.open()
  const gone = await freePort()
  const id = plan(home, 'shop', { port: gone, access: 'vpn' }, { port: target.port, access: 'managed' })
  const found = await checked(home, id)
  const source = found('source-reachable').failure!
  expect(source).toMatchObject({ code: 'connect.refused', params: { access: 'vpn' } })
  expect(sayFailure(source, 'en').todo).toContain('MTU')
  const refused = found('target-reachable').failure!
  expect(refused).toMatchObject({ code: 'auth.required', params: { access: 'managed' } })
  expect(sayFailure(refused, 'en').todo).toContain('instanceId:password')
}, 60_000)
