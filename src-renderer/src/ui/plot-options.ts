import type uPlot from 'uplot'
import { timeSteps } from './plot-steps.ts'

export interface PlotLine {
  readonly name: string
  /** The source's curves are dashed slate, the target's solid petrol, as everywhere. */
  readonly side: 'source' | 'target'
}

export interface PlotColours {
  readonly source: string
  readonly target: string
  readonly area: string
  readonly grid: string
  readonly label: string
  readonly font: string
}

/** All roles at once: each reading of a style has the page laid out for it. */
const resolving = [
  // Forced colours would turn even `transparent` into ink; the roles name system colours there themselves.
  ['forced-color-adjust', 'none'],
  ['color', 'var(--source)'],
  ['background-color', 'var(--target)'],
  ['border-top-color', 'var(--plot-area)'],
  ['border-bottom-color', 'var(--plot-grid)'],
  ['outline-color', 'var(--ink-3)'],
] as const

/** A canvas cannot read `light-dark()`: each role is resolved by the browser on the element itself. */
export function plotColour(place: HTMLElement): PlotColours {
  for (const [property, value] of resolving) place.style.setProperty(property, value)
  const style = getComputedStyle(place)
  const colours = {
    source: style.color,
    target: style.backgroundColor,
    area: style.borderTopColor,
    grid: style.borderBottomColor,
    label: style.outlineColor,
    font: `11.5px ${style.fontFamily}`,
  }
  for (const [property] of resolving) place.style.removeProperty(property)
  return colours
}

interface OptionsInput {
  readonly lines: readonly PlotLine[]
  readonly width: number
  readonly height: number
  readonly colours: PlotColours
  /** How far marks of values may be apart; asked at each drawing. */
  readonly steps: () => readonly number[]
  readonly formatValue: (value: number) => string
  /** A moment in milliseconds, on an axis as long as is said. */
  readonly formatTime: (moment: number, spanMs: number) => string
}

/** A calm time plot: horizontal grid only, no cursor, no legend of its own, axes in the window's language. */
export function plotOptions(input: OptionsInput): uPlot.Options {
  const { lines, width, height, colours, steps, formatValue, formatTime } = input
  const axis = { stroke: colours.label, font: colours.font, ticks: { show: false } }
  return {
    width,
    height,
    // To the right, half a moment's label: the last mark may stand at the very edge.
    padding: [8, 28, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.15 : 1] } },
    series: [
      {},
      ...lines.map((line) => ({
        label: line.name,
        stroke: colours[line.side],
        width: 1.75,
        points: { show: false },
        ...(line.side === 'source' ? { dash: [5, 4] } : { fill: colours.area }),
      })),
    ],
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        space: 110,
        incrs: [...timeSteps],
        values: ({ scales: { x } }, marks) => {
          const span = ((x?.max ?? 0) - (x?.min ?? 0)) * 1000
          return marks.map((seconds) => formatTime(seconds * 1000, span))
        },
      },
      {
        ...axis,
        grid: { stroke: colours.grid, width: 1 },
        size: 56,
        space: 30,
        incrs: () => [...steps()],
        values: (_, marks) => marks.map(formatValue),
      },
    ],
  }
}
