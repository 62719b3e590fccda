import { describe, expect, test } from 'vitest'
import { runMatrix } from '../matrix/matrix.ts'
import { wrongLines } from '../matrix/print.ts'
import { matrixServers } from '../matrix/servers.ts'

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

if (all.length === 1) test.skip('between versions: there is only one server')
