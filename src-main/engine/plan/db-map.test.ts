import { expect, test } from 'vitest'
import { makeDbMap } from './db-map.ts'

const mapped = (map: (db: number) => number): number[] => [0, 1, 2, 15].map(map)

test.each([
  [{}, [0, 1, 2, 15]],
  [{ dbMap: { '1': 7, '15': 0 } }, [0, 7, 2, 0]],
  [{ dbMap: { '0': 1, '1': 0 } }, [1, 0, 2, 15]],
  [{ targetDb: 0 }, [0, 0, 0, 0]],
  [{ targetDb: 4, dbMap: { '1': 7 } }, [4, 4, 4, 4]],
])('%o leads databases 0, 1, 2 and 15 to %j', (spec, expected) => {
  expect(mapped(makeDbMap(spec))).toEqual(expected)
})
