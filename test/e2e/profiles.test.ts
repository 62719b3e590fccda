import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { consoleForAllTests } from '../support/shared-browser.ts'

const host = consoleForAllTests()

const file = (name: string, text: string): { name: string; mimeType: string; buffer: Buffer } => ({
  name,
  mimeType: 'application/json',
  buffer: Buffer.from(text),
})

test('profiles are imported from files, found, and exported again as they were', async () => {
  const plan = (name: string, options: object = {}): string =>
    JSON.stringify({
      format: 'keyferry-profile',
      formatVersion: 1,
      name,
      source: { host: `${name}.example`, port: 6379 },
      target: null,
      options,
    })
  await using console = await host.open()
  const { page } = console
  await page.goto(`${host.served.origin}/#/profiles`)
  const main = page.getByRole('main')
  const chooser = main.locator('input[type=file]')

  await chooser.setInputFiles([
    ...Array.from({ length: 8 }, (_, at) => file(`${at}.keyferry`, plan(`shop-${at}`))),
    file('notes.txt', 'no profile at all'),
  ])
  await main.getByText('profile.not-a-file').waitFor()
  // What runs programs on its machine comes from whoever sits at it.
  const withCommand = plan('armed', { onCutover: ['./anything'] })
  await chooser.setInputFiles([file('armed.keyferry', withCommand)])
  await main.getByText('command.not-from-here').waitFor()
  await main.getByRole('searchbox', { name: 'Search by name or address' }).fill('armed')
  await main.getByText('No profile matches.').waitFor()
  await main.getByRole('searchbox', { name: 'Search by name or address' }).fill('SHOP-3')
  await expect.poll(() => main.getByRole('row').count()).toBe(2)
  const saved = page.waitForEvent('download')
  await main.getByRole('button', { name: 'Export shop-3' }).click()
  const exported = await saved
  await main.getByRole('searchbox').fill('nothing like it')
  await main.getByText('No profile matches.').waitFor()

  expect(exported.suggestedFilename()).toBe('shop-3.keyferry')
  expect(JSON.parse(await readFile(await exported.path(), 'utf8'))).toMatchObject({
    name: 'shop-3',
    source: { host: 'shop-3.example', port: 6379 },
  })
  // From the first page as well; what is dropped beside it does no harm.
  const dropped = await page.evaluateHandle((text) => {
    const data = new DataTransfer()
    data.items.add(new File([text], 'colleague.keyferry'))
    return data
  }, plan('colleague'))
  await page.getByRole('navigation').getByRole('link', { name: 'Start' }).click()
  const isHeldBack = (): Promise<boolean> =>
    page.evaluate((dataTransfer) => {
      const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true })
      return !document.querySelector('h1')!.dispatchEvent(event)
    }, dropped)
  expect(await isHeldBack()).toBe(true)
  await page
    .getByRole('group', { name: 'Import profiles by dropping their files' })
    .dispatchEvent('drop', { dataTransfer: dropped })
  await main.getByRole('cell', { name: 'colleague', exact: true }).waitFor()
  expect(console.complaints).toEqual([])
})
