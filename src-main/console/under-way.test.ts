import { expect, test } from 'vitest'
import { makeFailure } from '#contract/failure.ts'
import type { TaskState } from '#contract/task-states.ts'
import type { ConsoleServices } from './services.ts'
import { whatIsUnderWay } from './under-way.ts'
import { migrationsWithoutStore } from './without-store.ts'

const restores = (running: number) => ({ countRunning: () => running }) as ConsoleServices['restores']
const tasks = (...states: TaskState[]) =>
  ({
    board: () => ({ open: states.map((state) => ({ state })) }),
    past: () => ({ tasks: [] }),
  }) as unknown as ConsoleServices['tasks']

test('the gravest is told', () => {
  expect(whatIsUnderWay({ restores: restores(0), tasks: tasks('draft', 'paused', 'finished') })).toBe(
    'nothing',
  )
  expect(whatIsUnderWay({ restores: restores(1), tasks: tasks('failed') })).toBe('restore')
  expect(whatIsUnderWay({ restores: restores(1), tasks: tasks('following') })).toBe('migration')
  expect(whatIsUnderWay({ restores: restores(0), tasks: tasks('copying', 'frozen') })).toBe('frozen')
})

test('without a store only restores count', () => {
  const refused = migrationsWithoutStore(makeFailure('store.damaged'))

  expect(whatIsUnderWay({ restores: restores(2), tasks: refused.tasks })).toBe('restore')
})
