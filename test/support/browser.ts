import { existsSync } from 'node:fs'
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core'
import type { Served } from './serve.ts'

/** Starts the Chromium named by `CHROMIUM`, or the system's, without a display. */
export function startBrowser(): Promise<Browser> {
  const executablePath = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && existsSync(path),
  )
  return chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      // Several pages of one test are all looked at: none gives way to the others as one behind them would.
      '--disable-renderer-backgrounding',
    ],
  })
}

/** Longer than anything a person waits for on a loaded machine, except a restore itself. */
const answerLimitMs = 30_000

/** The console in one browser of its own, signed in. Disposing of it closes that browser. */
export interface ConsolePage extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  /** What the page complained of: errors thrown, logged, and refusals of the content policy. */
  readonly complaints: readonly string[]
}

/** Opens the served console as a person does: by the printed address. */
export async function openConsole(
  browser: Browser,
  served: Served,
  options: BrowserContextOptions = {},
): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  context.setDefaultTimeout(answerLimitMs)
  const page = await context.newPage()
  const complaints = listenForComplaints(page)
  await page.goto(await served.invite())
  await page.waitForURL((url) => url.search === '')
  return { page, context, complaints, [Symbol.asyncDispose]: () => context.close() }
}

/** Collects what goes wrong in a page from now on. */
export function listenForComplaints(page: Page): readonly string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.type()}: ${message.text()}`)
  })
  return complaints
}
