import { escapeHtml } from './escape-html.ts'

/** A line of a chart; a point without a value leaves a gap. */
export interface Line {
  readonly label: string
  readonly points: readonly { readonly at: number; readonly value: number | null }[]
}

/** A span of time to be seen in a chart, such as the write pause. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly label: string
}

export interface ChartOptions {
  readonly title: string
  readonly lines: readonly Line[]
  readonly spans: readonly Span[]
  /** A value as the axis and the table write it; a moment likewise. */
  readonly value: (value: number) => string
  readonly moment: (at: number) => string
}

const width = 720
const height = 180
const margin = { left: 70, right: 12, top: 12, bottom: 24 }
const plot = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom }

/** Draws a chart as SVG, without script or outside part; empty where no line has a point. */
export function drawChart({ title, lines, spans, value, moment }: ChartOptions): string {
  const known = lines.flatMap(({ points }) => points.filter((point) => point.value !== null))
  if (known.length === 0) return ''
  const from = Math.min(...known.map(({ at }) => at))
  const to = Math.max(from + 1_000, ...known.map(({ at }) => at))
  const top = niceTop(Math.max(1, ...known.map((point) => point.value ?? 0)))
  const x = (at: number): number => margin.left + ((at - from) / (to - from)) * plot.width
  const y = (one: number): number => margin.top + plot.height * (1 - one / top)
  const round = (one: number): string => one.toFixed(1)

  const grid = [0, 0.5, 1].map((share) => {
    const at = round(y(top * share))
    return `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}"/><text class="axis" x="${margin.left - 8}" y="${at}" text-anchor="end" dominant-baseline="middle">${escapeHtml(value(top * share))}</text>`
  })
  const shades = spans
    .filter((span) => span.to >= from && span.from <= to)
    .map((span) => {
      const left = x(Math.max(from, span.from))
      const right = Math.max(left + 2, x(Math.min(to, span.to)))
      return `<rect class="span" x="${round(left)}" y="${margin.top}" width="${round(right - left)}" height="${plot.height}"><title>${escapeHtml(span.label)}</title></rect>`
    })
  const times = [from, to].map(
    (at, index) =>
      `<text class="axis" x="${round(x(at))}" y="${height - 6}" text-anchor="${index === 0 ? 'start' : 'end'}">${escapeHtml(moment(at))}</text>`,
  )
  const drawn = lines.map(
    ({ points }, index) =>
      `<path class="line line-${index}" d="${pathOf(
        points.map((point) => (point.value === null ? null : [round(x(point.at)), round(y(point.value))])),
      )}"/>`,
  )
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">${[
    ...shades,
    ...grid,
    ...times,
    ...drawn,
  ].join('')}</svg>`
}

/** `null` lifts the pen. */
function pathOf(points: readonly (readonly [x: string, y: string] | null)[]): string {
  let pen = 'M'
  let path = ''
  for (const point of points) {
    if (point === null) pen = 'M'
    else {
      path += `${pen}${point[0]} ${point[1]}`
      pen = 'L'
    }
  }
  return path
}

/** The next of 1, 2, 5, 10, 20 … that is not below. */
function niceTop(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest))
  return [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= highest) ?? 10 * power
}
