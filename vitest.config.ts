import { defineConfig } from 'vitest/config'

/**
 * Threads of the engine start from the source here, and what takes the types out of it is WebAssembly that calls back
 * into JavaScript. Threads that begin and end while V8 makes such calls faster can bring the whole process down
 * (nodejs/node#64500); what is built has no such module.
 */
const execArgv = ['--wasm-wrapper-tiering-budget=2000000000']

/**
 * Three projects: `unit` (beside the code, nothing but memory), `live` (real servers and processes, one file
 * at a time, because two cores are what a small machine has), `e2e` (the built console in a real browser and
 * a real window).
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
        },
      },
      {
        test: {
          name: 'live',
          environment: 'node',
          execArgv,
          include: ['test/live/**/*.test.ts', 'test/faults/**/*.test.ts'],
          fileParallelism: false,
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
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
