/**
 * What all consoles of a host share and show as it was when they asked for it.
 *
 * - `profiles`, `connections`, `guidedBackups`: lists under names, with what they tell of others: open tasks, who uses it
 * - `preferences`, `secrets`, `practice`: what is set, how secrets are kept, the practice servers
 * - `interrupted`: restores that ended without being done
 */
export const keptNames = [
  'profiles',
  'connections',
  'guidedBackups',
  'preferences',
  'secrets',
  'practice',
  'interrupted',
] as const
export type KeptName = (typeof keptNames)[number]

/** A number for each, of no meaning but this: another one says that it has changed, and is to be asked for anew. */
export type KeptRevisions = Readonly<Record<KeptName, number>>
