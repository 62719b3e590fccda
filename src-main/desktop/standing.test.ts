import { describe, expect, test } from 'vitest'
import { noticesBetween, standingOf, type Work, type WorkState } from './standing.ts'

function work(id: string, state: WorkState, fraction: number | null = null): Work {
  return { id, name: id, place: `#/tasks/${id}`, state, fraction }
}

describe('the standing of everything together', () => {
  test('is nothing while nothing was begun', () => {
    expect(standingOf([])).toEqual({ atWork: 0, fraction: null, tone: 'none' })
  })

  test('is the mean of those that have an end in sight', () => {
    const works = [work('a', 'running', 0.2), work('b', 'running', 0.6), work('c', 'in-step')]

    expect(standingOf(works)).toMatchObject({ atWork: 3, tone: 'normal' })
    expect(standingOf(works).fraction).toBeCloseTo(0.4)
  })

  test('holds writes back before anything else', () => {
    expect(standingOf([work('a', 'running', 0.5), work('b', 'frozen')]).tone).toBe('paused')
  })

  test('is an error only when nothing is at work any more', () => {
    expect(standingOf([work('a', 'failed'), work('b', 'running', 0.1)]).tone).toBe('normal')
    expect(standingOf([work('a', 'failed'), work('b', 'done')]).tone).toBe('error')
    expect(standingOf([work('a', 'done')]).tone).toBe('none')
  })
})

describe('notices', () => {
  test('tell each change once, and nothing of what was there before', () => {
    const before = [work('a', 'running'), work('b', 'running')]
    const after = [work('a', 'in-step'), work('b', 'failed'), work('c', 'done')]

    expect(noticesBetween(before, after).map(({ what, work: { id } }) => [what, id])).toEqual([
      ['in-step', 'a'],
      ['failed', 'b'],
    ])
    expect(noticesBetween(after, after)).toEqual([])
  })

  test('do not tell of what a person has just done', () => {
    expect(noticesBetween([work('a', 'running')], [work('a', 'waiting')])).toEqual([])
    expect(noticesBetween([work('a', 'running')], [work('a', 'stopped')])).toEqual([])
  })
})
