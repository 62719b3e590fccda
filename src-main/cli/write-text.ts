import { writeFile } from 'node:fs/promises'
import { fail } from '#contract/failure.ts'

/**
 * Writes what `--output` asked for; `-` is stdout. It holds no secret, but hosts and names of keys: nobody else on
 * this machine need read it. Fails with `usage.invalid`.
 */
export async function writeText(file: string, text: string): Promise<void> {
  if (file === '-') {
    process.stdout.write(text)
    return
  }
  await writeFile(file, text, { mode: 0o600 }).catch(({ code }: NodeJS.ErrnoException) =>
    fail('usage.invalid', { field: '--output', reason: `${file} cannot be written (${code ?? 'unknown'})` }),
  )
}
