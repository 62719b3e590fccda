import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { openConsole, startBrowser, type ConsolePage } from './browser.ts'
import { startServed, type Served } from './serve.ts'

/** A browser that all tests of a file share. */
export interface SharedBrowser {
  readonly browser: Browser
  /** As `openConsole`. */
  open(served: Served, options?: BrowserContextOptions): Promise<ConsolePage>
}

/** Starts it before the first test of the file, and ends it after the last. */
export function browserForAllTests(): SharedBrowser {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())
  return {
    get browser() {
      return browser
    },
    open: (served, options) => openConsole(browser, served, options),
  }
}

/** A served console, with a browser, that all tests of a file share. */
export interface SharedConsole {
  readonly browser: Browser
  readonly served: Served
  /** One browser more that is signed in. */
  open(options?: BrowserContextOptions): Promise<ConsolePage>
}

/** Starts both before the first test of the file, and ends them after the last. */
export function consoleForAllTests(serve: () => Promise<Served> = startServed): SharedConsole {
  const shared = browserForAllTests()
  let served: Served
  beforeAll(async () => {
    served = await serve()
  })
  afterAll(() => served[Symbol.asyncDispose]())
  return {
    get browser() {
      return shared.browser
    },
    get served() {
      return served
    },
    open: (options) => shared.open(served, options),
  }
}
