import { dirname, relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = dirname(import.meta.dirname)

/** Files of tests that take the best part of a minute or more, the longest first. */
const longest = [
  'test/e2e/accessibility.test.ts',
  'test/faults/sync-faults.test.ts',
  'test/live/freeze-topologies.test.ts',
  'test/live/migration-cli.test.ts',
  'test/faults/resume.test.ts',
  'test/live/migration.test.ts',
  'test/live/cli-failures.test.ts',
  'test/e2e/migration.test.ts',
  'test/e2e/migration-stands.test.ts',
  'test/live/corpus.test.ts',
  'test/e2e/consoles-in-step.test.ts',
  'test/faults/cluster.test.ts',
  'test/live/restore.test.ts',
  'test/faults/restore-aof.test.ts',
  'test/live/target-lock.test.ts',
  'test/e2e/restore.test.ts',
  'test/live/several-sources.test.ts',
  'test/faults/restore-aof-cluster.test.ts',
  'test/live/settings.test.ts',
  'test/live/way-back-cluster.test.ts',
  'test/live/way-back-cut-short.test.ts',
]

/** So that no long file is begun when all others are done: then one core would work, and the other wait for it. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files)
    return others.sort((one, other) => groupOf(one) - groupOf(other) || placeOf(one) - placeOf(other))
  }
}

const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder

function placeOf({ moduleId }: TestSpecification): number {
  const at = longest.indexOf(relative(root, moduleId))
  return at === -1 ? longest.length : at
}
