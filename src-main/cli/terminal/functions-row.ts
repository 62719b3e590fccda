import { count } from './figures.ts'

/** How many function libraries went along, and how many did not; no row where there are none. */
export function functionsRow({
  functions,
  functionsLeftOut,
}: {
  readonly functions: number
  readonly functionsLeftOut: number
}): readonly [string, string, string][] {
  if (functions === 0 && functionsLeftOut === 0) return []
  const behind = `${libraries(functionsLeftOut)} left out: certain keys are asked for`
  return [['functions', libraries(functions), functionsLeftOut === 0 ? '' : behind]]
}

function libraries(value: number): string {
  return `${count(value)} ${value === 1 ? 'library' : 'libraries'}`
}
