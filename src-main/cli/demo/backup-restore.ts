import { statSync } from 'node:fs'
import type { RestoreResult } from '#contract/restore.ts'
import { openControl } from '#engine/redis/control.ts'
import { runRestore } from '../commands/restore.ts'
import type { Output } from '../output.ts'
import { readSpec } from '../restore-spec.ts'
import { bytes } from '../terminal/figures.ts'
import { restoreSummary } from '../terminal/restore-summary.ts'
import { compareServers, type Comparison } from './compare.ts'
import type { LocalServer } from '#console/practice/local-server.ts'
import type { SampleData } from '#console/practice/sample-data.ts'

export interface RestoreScene {
  readonly source: LocalServer
  /** Empty. */
  readonly target: LocalServer
  /** Where the source saves to. */
  readonly file: string
  readonly data: SampleData
  readonly major: number
  readonly output: Output
}

export interface ShownRestore {
  readonly result: RestoreResult
  readonly equal: boolean
  readonly comparisons: readonly Comparison[]
}

/** The other way: a backup file of the source into an empty server. */
export async function showRestore(scene: RestoreScene): Promise<ShownRestore> {
  const { source, target, file, data, major, output } = scene
  await using asked = await openControl(source.connection)
  await asked.call('SAVE')
  output.line(`A backup of the source: ${file}, ${bytes(statSync(file).size)}.`)
  output.line(`$ keyferry restore -i ${file} -t 127.0.0.1:${target.port}`)
  const spec = readSpec({ files: [file], target: target.connection })
  const result = await runRestore(spec, output)
  for (const line of restoreSummary(result)) output.line(line)
  const comparisons = await compareServers(asked, target.control, data, major)
  return { result, comparisons, equal: comparisons.every(({ equal }) => equal) }
}
