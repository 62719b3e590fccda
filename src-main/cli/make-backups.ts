import {
  backupSpecSchema,
  type BackupProgress,
  type BackupResult,
  type BackupSpec,
  type MadeBackup,
} from '#contract/backup.ts'
import { interruptible } from './interrupt.ts'
import type { Output } from './output.ts'
import { dumpStatus } from './terminal/dump-lines.ts'
import { bytes, keys } from './terminal/figures.ts'

/** Has sources save, and tells of each what came of it. */
export async function makeBackups(request: BackupSpec, output: Output): Promise<BackupResult> {
  const spec = backupSpecSchema.parse(request)
  const [{ findParts }, { createJobRunner }] = await Promise.all([
    import('#console/parts.ts'),
    import('#engine/worker/pool.ts'),
  ])
  using interrupt = interruptible(() => output.note('Stopping. A source that saves goes on by itself.'))
  const onProgress = (progress: BackupProgress): void => {
    output.event('progress', progress)
    if (!interrupt.signal.aborted) output.status(dumpStatus(progress))
  }
  const runner = createJobRunner(findParts().worker)
  const result = await runner.run('backup', spec, { signal: interrupt.signal, onProgress })
  for (const made of result.backups) output.line(sayMade(made))
  return result
}

function sayMade({ address, file, bytes: size, keys: held, madeAt }: MadeBackup): string {
  if (file !== null) return `${address} → ${file}: ${held === null ? '' : `${keys(held)}, `}${bytes(size)}.`
  const place = madeAt === null ? 'where it saves to it does not tell' : `there at ${madeAt}`
  return `${address} has saved, ${place}; its files are not reached from here. Copy it yourself, or use keyferry dump.`
}
