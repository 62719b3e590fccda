import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './build/longest-first.ts'

/**
 * Threads of the engine start from the source here, and what takes the types out of it is WebAssembly that calls back
 * into JavaScript. Threads that begin and end while V8 makes such calls faster can bring the whole process down
 * (nodejs/node#64500); what is built has no such module.
 */
const execArgv = ['--wasm-wrapper-tiering-budget=2000000000']

/**
 * Hundreds of processes and threads start from the source, and each would take the types out of the same modules and
 * compile them: most of a second of work. What the first has made of them is kept for the others.
 */
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '.cache', 'compiled')

/** What a test looks for again and again has as long to come as what it waits for on a page: a machine may be busy. */
const patience = { poll: { timeout: 30_000 } }

/**
 * Three projects: `unit` (beside the code, nothing but memory), `live` (real servers and processes),
 * `e2e` (the built console in a real browser and a real window). The first has ended before the others begin; of those
 * three files are at work at a time, because they wait for servers and pages more than they work.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          // Far more than any needs; a machine that is busy with something else must not fail one.
          testTimeout: 30_000,
          execArgv,
          include: ['src-main/**/*.test.ts', 'src-renderer/**/*.test.ts', 'build/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'live',
          environment: 'node',
          execArgv,
          expect: patience,
          include: ['test/live/**/*.test.ts', 'test/faults/**/*.test.ts'],
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          environment: 'node',
          execArgv,
          expect: patience,
          include: ['test/e2e/**/*.test.ts', 'test/desktop/**/*.test.ts'],
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
