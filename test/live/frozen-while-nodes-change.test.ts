import { expect, test } from 'vitest'
import type { Connection } from '#contract/connection.ts'
import type { TaskView } from '#contract/task.ts'
import { keySlot } from '#engine/bytes/crc16.ts'
import { openControl } from '#engine/redis/control.ts'
import { frozenNode } from '#migration/freeze/sign-in.ts'
import { dataFolderForEachTest, untilTask } from '../support/data-folder.ts'
import { doors } from '../support/doors.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'

const dataFolder = dataFolderForEachTest()
const password = 'old-secret'
const patienceMs = 120_000

// The freeze by itself is seen in `freeze-topologies.test.ts`; the long form has the migration around it.
test.skipIf(process.env['KEYFERRY_LONG'] === undefined)(
  'a migration whose frozen source fails over, and takes in a node, is frozen anew, proven and finished',
  async () => {
    await using cluster = await startCluster({
      replicas: 1,
      password,
      args: ['--repl-diskless-sync-delay', '0'],
    })
    await using target = await startRedis({ password: 'new' })
    const at = ({ host, port }: RedisServer): Connection => ({ host, port, password })
    const before = await Promise.all(cluster.nodes.map(at).map(doors))
    const keys = ['{a}', '{b}', '{c}']
    const owners = await cluster.owners()
    for (const key of keys) await owners[keySlot(Buffer.from(key))]!.call('SET', key, 'x')
    await using home = dataFolder.open()
    const { tasks } = home
    const { id } = tasks.create(
      home.profiles.save({
        name: 'shards',
        source: at(cluster.nodes[0]!),
        target: { host: target.host, port: target.port, password: 'new' },
      }).id,
    )
    const until = (met: (view: TaskView) => boolean): Promise<TaskView> =>
      untilTask(home, id, met, patienceMs)
    tasks.check(id)
    const { checks } = await until(({ state }) => state !== 'checking')
    for (const one of checks!.results) if (one.state === 'warning') tasks.accept(id, one.id, true)
    tasks.start(id)
    await until(({ inStep }) => inStep)

    const freezeAndProve = async (): Promise<void> => {
      await tasks.freeze(id)
      await until(({ state, failure }) => state === 'frozen' || (state === 'following' && failure !== null))
      expect(tasks.get(id)).toMatchObject({ state: 'frozen', failure: null, freeze: { state: 'frozen' } })
      tasks.verify(id, 'full')
      await until(({ state, proof }) => state === 'frozen' && proof?.result?.equal === true && !proof.void)
    }
    const asFrozen = (server: RedisServer): Connection => {
      const { record } = home.freezes.open(id)[0]!
      return frozenNode(
        record,
        record.nodes.find(({ port }) => port === server.port)!,
      )
    }

    await freezeAndProve()
    const promoted = cluster.nodes[5]!
    {
      await using control = await openControl(asFrozen(promoted))
      await control.call('CLUSTER', 'FAILOVER')
    }
    const broken = await until(({ freeze }) => freeze.state === 'broken')
    expect(broken).toMatchObject({
      state: 'following',
      proof: { void: true },
      freeze: { breach: 'role-changed' },
    })
    await until(({ inStep }) => inStep)

    await freezeAndProve()
    const fresh = cluster.nodes[await cluster.addMaster(true)]!
    const ofFresh = await doors(at(fresh))
    {
      await using old = await openControl(asFrozen(cluster.nodes[0]!))
      await using control = await openControl(at(fresh))
      for (const one of [control, old]) await one.call('CLUSTER', 'SETSLOT', 0, 'NODE', cluster.ids.at(-1)!)
    }
    await until(({ freeze }) => freeze.state === 'broken')
    expect(tasks.get(id).freeze.breach).toBe('slots-moved')
    // It lets writers in: what is written there now is not lost.
    await fresh.call('SET', '{06S}', 'late')
    await until(({ inStep, progress }) => inStep && progress?.shards.length === 4)

    await freezeAndProve()
    expect((await tasks.finish(id, {})).state).toBe('finished')
    expect(await Promise.all(cluster.nodes.map(at).map(doors))).toEqual([...before, ofFresh])
    expect(home.freezes.open()).toEqual([])
    expect(await target.call('MGET', ...keys, '{06S}')).toEqual(['x', 'x', 'x', 'late'])
  },
  400_000,
)
