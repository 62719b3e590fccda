import { fail } from '#contract/failure.ts'
import { newPasswordSchema } from '#contract/freeze.ts'
import { askHidden } from './terminal/hidden-prompt.ts'

/** The password to freeze with, typed twice. */
export async function askNewPassword(): Promise<string> {
  const typed = newPasswordSchema.safeParse(await askHidden('New password of the source: '))
  if (!typed.success)
    return fail('usage.invalid', { field: '--ask-new-password', reason: 'it must have 8 characters or more' })
  if ((await askHidden('Once more: ')) !== typed.data)
    fail('usage.invalid', { field: '--ask-new-password', reason: 'it was typed differently the second time' })
  return typed.data
}
