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

test('at 200 % zoom addresses end their lines before a port, a label or a group, and nowhere else', async () => {
  await using console = await host.open()
  const { page } = console
  await page.goto(`${host.served.origin}/#/profiles`)
  const main = page.getByRole('main')
  const plan = (name: string, address: string): string =>
    JSON.stringify({
      format: 'keyferry-profile',
      formatVersion: 1,
      name,
      source: { host: address, port: 6379 },
      target: { host: '10.200.113.245', port: 16379 },
      options: {},
    })
  await main
    .locator('input[type=file]')
    .setInputFiles([
      file('a.keyferry', plan('Long names', 'redis-master-0.redis.production.svc.cluster.local')),
      file('b.keyferry', plan('Sixth version', '2001:db8:85a3::8a2e:370:7334')),
    ])
  await main.getByRole('row', { name: 'Sixth version' }).waitFor()
  for (const width of [1280, 900, 640]) {
    await page.setViewportSize({ width, height: 400 })
    const broken = await main.locator('.address').evaluateAll((addresses) =>
      addresses
        .flatMap((address) => [...address.childNodes])
        .filter((piece) => {
          const range = document.createRange()
          range.selectNodeContents(piece)
          return piece.nodeType === Node.TEXT_NODE && range.getClientRects().length > 1
        })
        .map((piece) => piece.textContent),
    )
    expect(broken).toEqual([])
    expect(await main.locator('.address').count()).toBeGreaterThanOrEqual(4)
    const table = await main.getByRole('table').boundingBox()
    expect(table!.x + table!.width).toBeLessThanOrEqual(width)
  }
  expect(console.complaints).toEqual([])
})
