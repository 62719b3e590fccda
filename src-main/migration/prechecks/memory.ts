import { failed, onAll, passed, sumOf, warning } from './context.ts'

/** Copies are laid out afresh and fragment while they grow: half as much again is what we ask for. */
const headroom = 1.5

export const targetMemory = onAll('target-memory', 'target', (sources, { facts: target }, { resuming }) => {
  const used = sumOf(sources, ({ facts }) => facts.usedMemory)
  if (target.maxMemory === 0) return passed('memory-unlimited', { used })
  const isTold = sources.every(({ facts }) => facts.usedMemory !== null)
  if (!isTold || target.maxMemory === null || target.usedMemory === null) return warning('memory-unknown')
  const free = target.maxMemory - (resuming ? 0 : target.usedMemory)
  const needed = Math.ceil(used * headroom)
  const params = { needed, free, used, limit: target.maxMemory }
  if (free >= needed) return passed('memory-enough', params)
  const command = `CONFIG SET maxmemory ${target.usedMemory + needed}`
  return free >= used ? warning('memory-short', params, command) : failed('memory-short', params, command)
})
