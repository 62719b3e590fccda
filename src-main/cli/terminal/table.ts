/** A column's place for its text. */
export type Align = 'left' | 'right'

/** Rows under a heading, indented by two; nothing where there are no rows. */
export function table(
  title: string,
  columns: readonly (readonly [heading: string, align: Align])[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  if (rows.length === 0) return []
  const all = [columns.map(([heading]) => heading), ...rows]
  const widths = columns.map((_, at) => Math.max(...all.map((row) => (row[at] ?? '').length)))
  const drawn = all.map((row) =>
    columns
      .map(([, align], at) => {
        const text = row[at] ?? ''
        return align === 'right' ? text.padStart(widths[at]!) : text.padEnd(widths[at]!)
      })
      .join('  ')
      .trimEnd(),
  )
  return ['', title, ...drawn.map((line) => `  ${line}`)]
}
