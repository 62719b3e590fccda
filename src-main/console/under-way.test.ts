import { expect, test } from 'vitest'
import { makeFailure } from '#contract/failure.ts'
import type { TaskState } from '#contract/task-states.ts'
import type { ConsoleServices } from './services.ts'
import { whatIsUnderWay } from './under-way.ts'
import { migrationsWithoutStore } from './without-store.ts'

const restores = (running: number) => ({ countRunning: () => running }) as ConsoleServices['restores']
const tasks = (...states: TaskState[]) =>
  ({
    board: () => ({ open: states.map((state) => ({ state, actions: [] })) }),
    past: () => ({ tasks: [] }),
  }) as unknown as ConsoleServices['tasks']

const guidedBackups = (...moves: readonly object[]) =>
  ({ list: () => moves }) as unknown as ConsoleServices['guidedBackups']
const services = (running: number, ...states: TaskState[]) => ({
  restores: restores(running),
  tasks: tasks(...states),
  guidedBackups: guidedBackups({ state: 'waiting', frozen: null }, { state: 'done', frozen: { at: 1 } }),
})

test('the gravest is told', () => {
  expect(whatIsUnderWay(services(0, 'draft', 'paused', 'finished'))).toBe('nothing')
  expect(whatIsUnderWay(services(0, 'ready', 'scheduled'))).toBe('armed')
  expect(whatIsUnderWay(services(1, 'failed', 'scheduled'))).toBe('restore')
  expect(whatIsUnderWay(services(1, 'following'))).toBe('migration')
  expect(whatIsUnderWay(services(0, 'copying', 'frozen'))).toBe('frozen')
})

test('a task that failed while its source is frozen holds it still', () => {
  const failed = { state: 'failed', actions: ['resume', 'unfreeze', 'stop'] }
  const board = { open: [failed] }
  const held = { ...tasks(), board: () => board } as unknown as ConsoleServices['tasks']
  expect(whatIsUnderWay({ ...services(1, 'following'), tasks: held })).toBe('frozen')
})

test('a move by backup that is not done holds its source', () => {
  const move = guidedBackups({ state: 'waiting', frozen: { at: 1 } })
  expect(whatIsUnderWay({ ...services(1), guidedBackups: move })).toBe('frozen')
})

test('without a store only restores count', () => {
  const { tasks, guidedBackups } = migrationsWithoutStore(makeFailure('store.damaged'))

  expect(whatIsUnderWay({ restores: restores(2), tasks, guidedBackups })).toBe('restore')
})
