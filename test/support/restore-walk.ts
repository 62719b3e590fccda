import type { Page } from 'playwright-core'

/** What a person does on the way to a restore, by what he reads on the screen (in English). */

export async function openWizard(page: Page): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name: 'Start' }).click()
  await page.getByRole('main').getByRole('link', { name: 'Choose a file' }).click()
  await heading(page, 'Which file holds the data?')
}

/** Types the file's path and has it read; resolves when the file's facts, or a failure, are shown. */
export async function readFileAt(page: Page, path: string): Promise<void> {
  await page.getByLabel('Or its path').fill(path)
  await page.getByRole('button', { name: 'Read the file' }).click()
  const main = page.getByRole('main')
  await main.getByRole('button', { name: 'Read the file', disabled: false }).waitFor()
  await main.getByText('File read and checked').or(main.getByRole('alert')).first().waitFor()
}

export async function next(page: Page, step: 'Target' | 'Scope' | 'Options' | 'Review'): Promise<void> {
  await page.getByRole('button', { name: `Next: ${step}` }).click()
}

export async function enterTarget(page: Page, target: { port: number; password?: string }): Promise<void> {
  await heading(page, 'Where shall it go?')
  await page.getByLabel('Host', { exact: true }).fill('127.0.0.1')
  await page.getByLabel('Port', { exact: true }).fill(String(target.port))
  await page.getByLabel('Password', { exact: true }).fill(target.password ?? '')
}

/** Resolves when the server's facts, or a failure, are shown. */
export async function testConnection(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Test connection' }).click()
  const main = page.getByRole('main')
  await main.getByText('Connected to').or(main.getByRole('alert')).first().waitFor()
}

export type Conflict = 'Refuse to start' | 'Keep the target’s' | 'Overwrite'

/** From the first page to the review, without starting. */
export async function walkToReview(
  page: Page,
  file: string,
  target: { port: number; password?: string },
  conflict: Conflict = 'Refuse to start',
): Promise<void> {
  await openWizard(page)
  await readFileAt(page, file)
  await next(page, 'Target')
  await enterTarget(page, target)
  await testConnection(page)
  await next(page, 'Scope')
  await next(page, 'Options')
  const choice = page.getByRole('group', { name: 'If a key is already in the target' })
  await choice.getByText(conflict, { exact: true }).click()
  await next(page, 'Review')
  await heading(page, 'The plan, once more')
}

export async function start(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Start the restore' }).click()
}

export async function heading(page: Page, name: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name }).waitFor()
}
