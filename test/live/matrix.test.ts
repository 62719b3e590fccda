import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bounded } from '../matrix/bounded.ts'
import { runMatrix } from '../matrix/matrix.ts'
import { wrongLines } from '../matrix/print.ts'
import { matrixServers, type MatrixServer } from '../matrix/servers.ts'
import { startRedis } from '../support/redis-server.ts'

/** So many servers at most; `npm run test:matrix` takes all there are. */
const serversAtMost = 5
const all = matrixServers()
const servers =
  all.length <= serversAtMost
    ? all
    : Array.from(
        { length: serversAtMost },
        (_, at) => all[Math.round((at * (all.length - 1)) / (serversAtMost - 1))]!,
      )

describe.each(['values', 'commands'] as const)(
  'each of the servers at hand into each other, as %s',
  (way) => {
    test(`${servers.map(({ name }) => name).join(', ')}`, { timeout: 120_000 }, async () => {
      const cells = await runMatrix(servers, way)
      expect(wrongLines(cells)).toEqual([])
      expect(cells).toHaveLength(servers.length ** 2)
      expect(cells.every(({ keys }) => keys > 40)).toBe(true)
    })
  },
)

test(
  'a server that dies, or comes to nothing, makes its own cells wrong and says why',
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-dying-'))
    const sound = all.find(({ version }) => version >= 600)!
    const like = (name: string, ...lines: readonly string[]): MatrixServer => {
      const binary = join(folder, name)
      const version = `[ "$1" = --version ] && exec ${sound.binary} --version`
      writeFileSync(binary, ['#!/bin/sh', version, ...lines, ''].join('\n'), { mode: 0o755 })
      return { ...sound, name, binary }
    }
    // FLUSHALL, with which every cell begins, ends it.
    const renamed = '--rename-command FLUSHALL gone --rename-command SHUTDOWN FLUSHALL'
    const dying = like('dying', `exec ${sound.binary} "$@" ${renamed}`)
    const broken = like('broken', 'exit 3')
    const cells = await runMatrix([sound, dying, broken], 'values')
    rmSync(folder, { recursive: true })
    const wrong = (from: MatrixServer, to: MatrixServer): readonly string[] =>
      cells.find((cell) => cell.from === from && cell.to === to)!.wrong
    expect(cells).toHaveLength(9)
    for (const from of [sound, dying]) {
      expect(wrong(from, sound)).toEqual([])
      expect(wrong(from, dying)).toEqual([expect.stringContaining('the server ended with exit code 0')])
    }
    expect(wrong(broken, sound)).toEqual([expect.stringContaining('the source was not made')])
    for (const from of [sound, dying, broken])
      expect(wrong(from, broken)).toEqual([expect.stringContaining('did not come up')])
  },
)

test('work at a server is given up when its time is over', async () => {
  await using server = await startRedis()
  const given: AbortSignal[] = []
  const work = bounded(server, 300, (signal) => {
    given.push(signal)
    return new Promise(() => undefined)
  })
  await expect(work).rejects.toThrow('not done within 0.3 s')
  expect(given[0]!.aborted).toBe(true)
})

if (all.length === 1) test.skip('between versions: there is only one server')
