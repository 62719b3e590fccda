// `npm run bench:console`: what the console costs and how it feels while a restore runs at full speed and while a source
// is followed, with two of them open; and how long its lists take after years of work.
//
//   node build/bench-console.mjs [--keys 2000000] [--seconds 10]
//
// The data set is that of bench-data.mjs. The consoles are pages of one Chromium without a display, so that drawing,
// which a graphics card does elsewhere, is part of the processor time told.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openConsole, startBrowser } from '../test/support/browser.ts'
import { writeHistory } from '../test/support/long-history.ts'
import { setMigrationScene } from '../test/support/migration-scene.ts'
import { walkMigration } from '../test/support/migration-walk.ts'
import { startRedis } from '../test/support/redis-server.ts'
import * as restoreWalk from '../test/support/restore-walk.ts'
import { startServed } from '../test/support/serve.ts'
import { benchData, median, quiet, timed } from './bench-data.mjs'
import { buildIfNeeded } from './built.mjs'

const { values } = parseArgs({
  options: { keys: { type: 'string', default: '2000000' }, seconds: { type: 'string', default: '10' } },
})
const keys = Number(values.keys)
const connections = '8'
const rounds = 3
const history = { profiles: 100, finished: 1_000, events: 1_000_000, differences: 100_000 }

await buildIfNeeded()
const browser = await startBrowser()
try {
  await restore()
  await follow()
  await lists()
} finally {
  await browser.close()
}

async function restore() {
  const { rdb } = await benchData(keys)
  const alone = []
  const shown = []
  for (let round = 0; round < rounds; round += 1) {
    alone.push(await restoredByCommandLine(rdb))
    shown.push((await restoredBeforeConsoles(rdb)).seconds)
  }
  // What is looked at costs something itself: not in the same restore.
  const { figures } = await restoredBeforeConsoles(rdb, watchWindows)
  tell('A restore at full speed, two consoles on its page', figures)
  const [line, before] = [median(alone), median(shown)]
  console.log(
    `  ${keys.toLocaleString('en')} keys, medians of ${rounds}: ${before.toFixed(2)} s, by the command line ${line.toFixed(2)} s: ${(line / before).toFixed(2)} × its throughput`,
  )
}

/** Seconds as the restore itself tells them, like those of the other side: neither a start nor a click is in them. */
async function restoredByCommandLine(rdb) {
  // Each restore has a server of its own: one that was emptied answers more slowly than a fresh one.
  await using target = await startRedis({ args: quiet })
  const to = ['-t', `127.0.0.1:${target.port}`, '-n', connections]
  const { out } = await timed(process.execPath, ['out/main/cli.js', 'restore', '--json', '-i', rdb, ...to])
  return JSON.parse(out.trim().split('\n').at(-1)).elapsedMs / 1000
}

/** With two consoles on its page; `watch` looks at them meanwhile. */
async function restoredBeforeConsoles(rdb, watch = null) {
  await using target = await startRedis({ args: quiet })
  await using served = await startServed()
  await using actor = await openConsole(browser, served)
  await using watcher = await openConsole(browser, served)
  await restoreWalk.walkToReview(actor.page, rdb, target)
  const watching = await watch?.([actor, watcher])
  await restoreWalk.start(actor.page)
  await actor.page.waitForURL(/#\/restores\/[^/]+$/)
  await watcher.page.goto(actor.page.url())
  await restoreWalk.heading(watcher.page, basename(rdb))
  for (const { page } of [actor, watcher])
    await page.getByText('The whole file is in the target').waitFor({ timeout: 300_000 })
  const figures = await watching?.stop()
  const [, seconds] = /took ([\d.]+) s/.exec(await actor.page.getByRole('main').innerText())
  return { seconds: Number(seconds), figures }
}

async function follow() {
  await using scene = await setMigrationScene(100_000)
  await using served = await startServed()
  await using actor = await openConsole(browser, served)
  await using watcher = await openConsole(browser, served)
  const walk = walkMigration(actor.page)
  scene.startApplications()
  await walk.openWizard()
  const side = (port, password) => ({ port, password })
  await walk.enterBothSides(
    'Bench',
    side(scene.source.port, scene.sourcePassword),
    side(scene.target.port, scene.targetPassword),
  )
  await walk.keepOptions()
  await walk.acceptWarnings()
  await walk.start()
  await walk.untilInStep()
  await watcher.page.goto(actor.page.url())
  const figures = await watchWindows([actor, watcher])
  await sleep(Number(values.seconds) * 1000)
  tell('A source followed in step, two consoles on its page', await figures.stop())
}

async function lists() {
  const home = mkdtempSync(join(tmpdir(), 'keyferry-bench-'))
  try {
    console.error(`writing ${history.events.toLocaleString('en')} events …`)
    writeHistory(home, history)
    await using served = await startServed(0, home)
    await using one = await openConsole(browser, served)
    const { page } = one
    await page.getByRole('heading', { level: 1 }).waitFor()
    console.log(
      `After ${history.profiles} profiles, ${history.finished.toLocaleString('en')} tasks, ${history.events.toLocaleString('en')} events (half of them of one task) and ${history.differences.toLocaleString('en')} differences`,
    )
    for (const [name, hash, row] of [
      ['profiles', '#/profiles', 'tbody tr'],
      ['tasks', '#/tasks', 'tbody tr, li'],
      ['one task', '#/tasks/t0', 'li'],
      ['its proof', '#/tasks/t0/proof', '[role=option] .item'],
    ]) {
      const opened = await page.evaluate(openPlace, { hash, row: `main :is(${row})` })
      const frames = await page.evaluate(scrollThrough)
      console.log(
        `  ${name.padEnd(9)} open in ${opened.toFixed(0)} ms; scrolled through with frames of ${frames.median.toFixed(0)} ms, the longest ${frames.most.toFixed(0)} ms`,
      )
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** In the page: milliseconds from the change of address until what is listed there has been drawn. */
async function openPlace({ hash, row }) {
  const began = performance.now()
  location.hash = hash
  const there = () => document.querySelector(row) !== null
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  // One frame for the old page to be gone.
  await frame()
  while (!there()) await frame()
  await frame()
  return performance.now() - began
}

/** In the page: from end to end, a frame at a time. */
async function scrollThrough() {
  const isScrolled = ({ scrollHeight, clientHeight }) =>
    scrollHeight > clientHeight + 100 && clientHeight > 100
  const scrolled = ['[role=listbox]', 'main, main *']
    .flatMap((selector) => [...document.querySelectorAll(selector)])
    .find(isScrolled)
  const taken = []
  for (let step = 0; step <= 60 && scrolled !== undefined; step += 1) {
    const before = performance.now()
    scrolled.scrollTop = ((scrolled.scrollHeight - scrolled.clientHeight) * step) / 60
    await new Promise((resolve) => requestAnimationFrame(resolve))
    taken.push(performance.now() - before)
  }
  taken.sort((a, b) => a - b)
  return { median: taken[taken.length >> 1] ?? 0, most: taken.at(-1) ?? 0 }
}

/**
 * What pages do from now until `stop`: their longest tasks; how long the longest had a processor (beyond that it waited for
 * one, which servers, engine and browser share here: what an empty page waits is told beside it); how late a press of a key
 * is answered (one is pressed in each of them five times a second); and the processor time of all windows. Resolves once
 * all that looks on has been set up and has come to rest: its own start would be taken for theirs.
 */
async function watchWindows(consoles) {
  const session = await browser.newBrowserCDPSession()
  const renderers = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return processInfo.filter(({ type }) => type === 'renderer')
  }
  const windows = new Set((await renderers()).map(({ id }) => id))
  const cpu = async () =>
    (await renderers()).reduce((sum, { id, cpuTime }) => sum + (windows.has(id) ? cpuTime : 0), 0)
  const empty = await emptyPage()
  const trace = await startTrace(session)
  await sleep(1_000)
  await Promise.all(consoles.map(({ page }) => page.evaluate(observe)))
  const ended = new AbortController()
  const [began, before] = [performance.now(), await cpu()]
  const pressing = pressKeys(consoles, ended.signal)
  return {
    stop: async () => {
      ended.abort()
      await pressing
      const seconds = (performance.now() - began) / 1000
      const share = ((await cpu()) - before) / seconds
      const found = { tasks: [], answers: [] }
      for (const { page } of consoles) {
        const { tasks, answers } = await page.evaluate(() => globalThis.observed)
        found.tasks.push(...tasks)
        found.answers.push(...answers)
      }
      const work = longestWork(await trace.end(), windows)
      const held = await empty.page.evaluate(() => globalThis.held)
      await empty.context.close()
      await session.detach()
      return { ...found, work, held, share, windows: consoles.length }
    },
  }
}

/** In each of them five times a second. */
async function pressKeys(consoles, signal) {
  while (!signal.aborted) {
    for (const { page } of consoles) await page.keyboard.press('Tab')
    await sleep(200, undefined, { signal }).catch(() => undefined)
  }
}

/** A page that has nothing to do but ten milliseconds of work five times a second: the longest that this takes is `held`. */
async function emptyPage() {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.evaluate(() => {
    const turnsIn = (ms) => {
      let turns = 0
      for (const began = performance.now(); performance.now() - began < ms;) turns += 1
      return turns
    }
    // The most of several tries: the others have had the processor taken away.
    const wanted = Math.max(...Array.from({ length: 8 }, () => turnsIn(10)))
    globalThis.held = 0
    setInterval(() => {
      const began = performance.now()
      for (let turns = 0; turns < wanted; turns += 1) performance.now()
      globalThis.held = Math.max(globalThis.held, performance.now() - began)
    }, 200)
  })
  return { page, context }
}

/** What the threads of all pages do, each task one event. */
async function startTrace(session) {
  const events = []
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value))
  const traceConfig = { includedCategories: ['toplevel'], recordMode: 'recordAsMuchAsPossible' }
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig })
  return {
    end: async () => {
      const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve))
      await session.send('Tracing.end')
      await complete
      return events
    },
  }
}

/** Milliseconds that the longest task of a main thread of these processes had a processor. */
function longestWork(events, processes) {
  const threadOf = ({ pid, tid }) => `${pid} ${tid}`
  const mains = new Set(
    events
      .filter(
        ({ name, args, pid }) =>
          name === 'thread_name' && args.name === 'CrRendererMain' && processes.has(pid),
      )
      .map((event) => threadOf(event)),
  )
  return events.reduce(
    (most, event) => (mains.has(threadOf(event)) ? Math.max(most, (event.tdur ?? 0) / 1000) : most),
    0,
  )
}

/** In the page. */
function observe() {
  const observed = { tasks: [], answers: [] }
  globalThis.observed = observed
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) observed.tasks.push(duration)
  }).observe({ type: 'longtask' })
  // Until a picture has been made after it: a key that changes nothing on the page waits for what changes next.
  addEventListener(
    'keydown',
    ({ timeStamp }) =>
      requestAnimationFrame(() => setTimeout(() => observed.answers.push(performance.now() - timeStamp))),
    { capture: true },
  )
}

function tell(what, { tasks, answers, work, held, share, windows }) {
  const most = (list) => Math.max(0, ...list).toFixed(0)
  console.log(what)
  console.log(
    `  ${tasks.length} tasks over 50 ms, the longest ${most(tasks)} ms; at most ${work.toFixed(0)} ms of work in one (ten of it took an empty page up to ${held.toFixed(0)} ms meanwhile); a key answered within ${most(answers)} ms; CPU of a window ${((share / windows) * 100).toFixed(1)} % of a core`,
  )
}
