import type { Partly } from '../flow/checkpoint.ts'
import { stepsOf, type CommonStep, type UnitStep } from '../plan/unit-steps.ts'
import type { Argument } from '../resp/encode.ts'
import type { Lane } from './lane.ts'
import type { LiveNodes } from './live-nodes.ts'
import { readInSlot } from './slot-reads.ts'
import type { FailedUnit, PreparedCommand, PreparedUnit } from './transaction-frame.ts'

/** A place behind which all lanes are, or will be when the unit at hand is done. */
interface Place {
  readonly offset: number
  readonly db: number
}

export interface StepOptions {
  readonly nodes: LiveNodes
  readonly lanes: readonly Lane[]
  /** How far lanes have come with a unit that is not done. */
  readonly partly: Map<number, Partly>
  /** Placing has come to here: the unit begins behind it. */
  readonly before: Place
  /** The command that writes a lane's checkpoint; with `partly`, of a unit that is not done there. */
  checkpoint(lane: number, at: Place, partly?: Partly): readonly Argument[]
  temporary(lane: number, index: number): string
  /** The command that has the keys of this one in a slot copied afresh. */
  repair(lane: number, of: PreparedCommand): readonly Argument[]
  /** Takes all keys away; every lane then has the checkpoint of this place. */
  empty(at: Place, partly?: Partly): Promise<void>
  /** Sends a part of a unit over a lane that is held. */
  send(lane: Lane, part: PreparedUnit, ours: readonly (readonly Argument[])[]): Promise<void>
  failed(units: readonly FailedUnit[]): void
}

/**
 * Does a unit over several slots, one step after another, each a transaction of one slot with the checkpoint that says
 * so. Whoever begins anew in between does the same steps and leaves out those that are done. False where there was
 * nothing left to do.
 */
export async function doInSteps(unit: PreparedUnit, options: StepOptions): Promise<boolean> {
  const { lanes, partly, nodes } = options
  const steps = stepsOf(unit, (slot, index) => options.temporary(slot, index))
  let done = false
  for (const [index, step] of steps.entries()) {
    const state: Partly = { end: unit.end, steps: index + 1 }
    if (step.kind !== 'slot') {
      done = (await doEverywhere(step, unit, state, steps, options)) || done
      continue
    }
    const { slot } = step
    const lane = lanes[slot]!
    if (isPast(lane, partly.get(slot), state)) continue
    const found = await Promise.all(step.reads.map((read) => readInSlot(nodes, read)))
    const commands = step.write(found)
    if (commands === null) options.failed([missing(unit, step.of)])
    const isLast = !steps.slice(index + 1).some((later) => concerns(later, slot))
    const { offset, db, part } = isLast
      ? { offset: unit.end, db: unit.db, part: undefined }
      : { ...options.before, part: state }
    await lane.alone(async () => {
      if (part !== undefined) partly.set(slot, part)
      await options.send(lane, { ...unit, commands: commands ?? [], lanes: [slot] }, [
        ...(commands === null ? [options.repair(slot, step.of)] : []),
        options.checkpoint(slot, { offset, db }, part),
      ])
      if (isLast) lane.advance(unit.end)
    })
    done = true
    // What was computed from other slots could not be computed again once they have gone on.
    if (step.reads.length > 0) await nodes.replicated(slot, options.temporary(slot, 0))
  }
  return done
}

/** Resolves with whether it was done now. */
async function doEverywhere(
  step: CommonStep,
  unit: PreparedUnit,
  state: Partly,
  steps: readonly (UnitStep | CommonStep)[],
  { nodes, lanes, partly, before, empty, failed }: StepOptions,
): Promise<boolean> {
  if (step.kind === 'tell') {
    const refused = await nodes.tellAll(step.of.words)
    if (refused !== null) failed([{ unit: { ...unit, commands: [step.of] }, reply: refused.text }])
    return true
  }
  // Of those that are behind it none is left out: it is done whole, or begun anew, before anything else is.
  if (lanes.every((lane) => isPast(lane, partly.get(lane.index), state))) return false
  if (state.steps === steps.length) {
    await empty({ offset: unit.end, db: unit.db })
    for (const lane of lanes) lane.advance(unit.end)
  } else {
    for (const lane of lanes) partly.set(lane.index, state)
    await empty(before, state)
  }
  return true
}

function isPast({ acked }: Lane, partly: Partly | undefined, { end, steps }: Partly): boolean {
  return acked >= end || (partly?.end === end && partly.steps >= steps)
}

function concerns(step: UnitStep | CommonStep, slot: number): boolean {
  return step.kind === 'empty' || (step.kind === 'slot' && step.slot === slot)
}

function missing(unit: PreparedUnit, of: PreparedCommand): FailedUnit {
  return { unit: { ...unit, commands: [of] }, reply: 'ERR no such key' }
}
