import { failed, onBoth, passed, warning } from './context.ts'

/** Copies are laid out afresh and fragment while they grow: half as much again is what we ask for. */
const headroom = 1.5

export const targetMemory = onBoth(
  'target-memory',
  'target',
  ({ facts: source }, { facts: target }, { resuming }) => {
    if (target.maxMemory === 0) return passed('memory-unlimited', { used: source.usedMemory ?? 0 })
    if (source.usedMemory === null || target.maxMemory === null || target.usedMemory === null)
      return warning('memory-unknown')
    const free = target.maxMemory - (resuming ? 0 : target.usedMemory)
    const needed = Math.ceil(source.usedMemory * headroom)
    const params = { needed, free, used: source.usedMemory, limit: target.maxMemory }
    if (free >= needed) return passed('memory-enough', params)
    const command = `CONFIG SET maxmemory ${target.usedMemory + needed}`
    return free >= source.usedMemory
      ? warning('memory-short', params, command)
      : failed('memory-short', params, command)
  },
)
