import { defineConfig } from 'vitest/config'

/**
 * Threads of the engine start from the source here, and what takes the types out of it is WebAssembly that calls back
 * into JavaScript. Threads that begin and end while V8 makes such calls faster can bring the whole process down
 * (nodejs/node#64500); what is built has no such module.
 */
const execArgv = ['--wasm-wrapper-tiering-budget=2000000000']

/**
 * Three projects: `unit` (beside the code, nothing but memory), `live` (real servers and processes, two files at a
 * time, because they wait for servers more than they work), `e2e` (the built console in a real browser and a real
 * window, one file at a time). None begins before the one before it has ended.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          // Far more than any needs; a machine that is busy with something else must not fail one.
          testTimeout: 30_000,
          execArgv,
          include: ['src-main/**/*.test.ts', 'src-renderer/**/*.test.ts', 'build/**/*.test.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'live',
          environment: 'node',
          execArgv,
          include: ['test/live/**/*.test.ts', 'test/faults/**/*.test.ts'],
          maxWorkers: 2,
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
          include: ['test/e2e/**/*.test.ts', 'test/desktop/**/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
