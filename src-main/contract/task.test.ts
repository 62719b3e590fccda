import { describe, expect, test } from 'vitest'
import { actionsOf, isOver, mayBecome, taskTransitions, type TaskState, type TaskView } from './task.ts'

const states = Object.keys(taskTransitions) as TaskState[]

/** Where a task can get from a state, over any number of steps. */
function reach(from: TaskState, seen = new Set<TaskState>()): Set<TaskState> {
  for (const to of taskTransitions[from]) if (!seen.has(to)) reach(to, seen.add(to))
  return seen
}

const view = (state: TaskState, more: Partial<TaskView> = {}): TaskView =>
  ({ state, inStep: false, freeze: { state: 'none' }, proof: null, progress: null, ...more }) as TaskView

describe('the states of a task', () => {
  test.each(states)('%s: every way on is a state, and an end can be reached', (state) => {
    for (const to of taskTransitions[state]) expect(states).toContain(to)
    if (!isOver(state)) expect([...reach(state)]).toEqual(expect.arrayContaining(['stopped']))
  })

  test('all of them are reached from a draft', () => {
    expect(new Set(['draft', ...reach('draft')])).toEqual(new Set(states))
  })

  test('nothing is finished but by finishing, nothing frozen but by freezing or a proof', () => {
    expect(states.filter((state) => mayBecome(state, 'finished'))).toEqual(['finishing'])
    expect(states.filter((state) => mayBecome(state, 'frozen'))).toEqual(['freezing', 'proving'])
    expect(states.filter((state) => mayBecome(state, 'proving'))).toEqual(['frozen'])
  })

  test('whoever is not over can always be given up, unless it ends by itself', () => {
    const stuck = states.filter((state) => !isOver(state) && !actionsOf(view(state)).includes('stop'))
    expect(stuck).toEqual(['draft', 'ready', 'finishing'])
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
