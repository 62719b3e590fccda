import { describe, expect, test } from 'vitest'
import type { TaskView } from './task.ts'
import { actionsOf, isOver, mayBecome, taskStates, taskTable, type TaskState } from './task-states.ts'

/** Where a task can get from a state, over any number of steps. */
function reach(from: TaskState, seen = new Set<TaskState>()): Set<TaskState> {
  for (const to of taskTable[from].next as readonly TaskState[]) if (!seen.has(to)) reach(to, seen.add(to))
  return seen
}

const view = (state: TaskState, more: Partial<TaskView> = {}): TaskView =>
  ({
    state,
    inStep: false,
    freeze: { state: 'none' },
    proof: null,
    progress: null,
    moving: false,
    wayBack: null,
    wayBackOf: null,
    concluding: false,
    ...more,
  }) as TaskView

describe('the states of a task', () => {
  test.each(taskStates)('%s: every way on is a state, and an end can be reached', (state) => {
    for (const to of taskTable[state].next) expect(taskStates).toContain(to)
    const end = state === 'way-back' ? 'finished' : 'stopped'
    if (!isOver(state)) expect([...reach(state)]).toContain(end)
  })

  test('all of them are reached from a draft', () => {
    expect(new Set(['draft', ...reach('draft')])).toEqual(new Set(taskStates))
  })

  test('nothing is finished but by finishing, nothing frozen but by freezing or a proof', () => {
    expect(taskStates.filter((state) => mayBecome(state, 'finished'))).toEqual(['finishing', 'way-back'])
    expect(taskStates.filter((state) => mayBecome(state, 'way-back'))).toEqual(['finishing'])
    expect(taskStates.filter((state) => mayBecome(state, 'frozen'))).toEqual(['freezing', 'proving'])
    expect(taskStates.filter((state) => mayBecome(state, 'proving'))).toEqual(['frozen'])
  })

  test('whoever is not over can always be given up, unless it ends by itself', () => {
    const stuck = taskStates.filter((state) => !isOver(state) && !actionsOf(view(state)).includes('stop'))
    expect(stuck).toEqual(['draft', 'ready', 'scheduled', 'finishing', 'way-back'])
  })

  test('a way back is rolled back under a freeze only, and what has one is not followed again', () => {
    const back = { wayBackOf: 'shop', inStep: true }
    expect(actionsOf(view('following', back))).toEqual(['freeze', 'verify', 'pause', 'stop'])
    expect(actionsOf(view('frozen', back))).toContain('finish')
    expect(actionsOf(view('paused', back))).not.toContain('finish')
    expect(actionsOf(view('interrupted', { wayBack: 'back', concluding: true }))).toEqual(['stop'])
    expect(actionsOf(view('way-back', { wayBack: 'back' }))).toEqual([])
  })

  test('once keys of the source are deleted it is never followed again, but finished', () => {
    for (const state of ['failed', 'interrupted'] as const) {
      expect(actionsOf(view(state))).toEqual(expect.arrayContaining(['resume']))
      expect(actionsOf(view(state))).not.toContain('finish')
      expect(actionsOf(view(state, { moving: true }))).not.toContain('resume')
      expect(actionsOf(view(state, { moving: true }))).toContain('finish')
    }
    expect(actionsOf(view('paused', { moving: true }))).not.toContain('resume')
  })

  test('once its sync was ended for good it is never followed again, but finished', () => {
    for (const state of ['failed', 'interrupted'] as const) {
      expect(actionsOf(view(state, { concluding: true }))).not.toContain('resume')
      expect(actionsOf(view(state, { concluding: true }))).toContain('finish')
    }
  })

  test('freezing needs to be in step, unfreezing something frozen', () => {
    expect(actionsOf(view('following'))).not.toContain('freeze')
    expect(actionsOf(view('following', { inStep: true }))).toContain('freeze')
    expect(actionsOf(view('interrupted'))).not.toContain('unfreeze')
    const frozen = { freeze: { state: 'frozen' } as TaskView['freeze'] }
    expect(actionsOf(view('interrupted', frozen))).toContain('unfreeze')
    expect(actionsOf(view('finished', { freeze: { state: 'left' } as TaskView['freeze'] }))).toContain(
      'unfreeze',
    )
  })
})
