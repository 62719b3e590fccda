import { defineConfig } from 'vitest/config'

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
          include: ['src-main/**/*.test.ts', 'src-renderer/**/*.test.ts', 'build/**/*.test.ts'],
        },
      },
      {
        test: {
          name: 'live',
          environment: 'node',
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
          include: ['test/e2e/**/*.test.ts', 'test/desktop/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
