import { expect, it } from 'vitest'
import type { TaskView } from '#contract/task.ts'
import { taskStates } from '#contract/task-states.ts'
import { taskLine } from './task-line.ts'

const standing = (state: TaskView['state']): TaskView =>
  ({
    state,
    mode: 'stream',
    progress: null,
    freeze: { state: 'none', offset: 7, shards: [] },
    proof: null,
    schedule: null,
  }) as unknown as TaskView

it('is a sentence while somebody works on it, and nothing where what it has come to is told otherwise', () => {
  const lines = taskStates.map((state) => [state, taskLine(standing(state))] as const)
  expect(lines.filter(([, line]) => line === null).map(([state]) => state)).toEqual([
    'draft',
    'ready',
    'scheduled',
    'way-back',
    'paused',
    'failed',
    'interrupted',
    'finished',
    'stopped',
    'rolled-back',
  ])
  for (const [, line] of lines) if (line !== null) expect(line).toMatch(/^[A-Z].* (…|7\.)$/)
})
