import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'electron-vite'

const here = import.meta.dirname

/**
 * One build, three places. `main` holds every process entry (window, served console, command line, engine
 * thread); `preload` must be CommonJS to be loaded into a sandboxed window; `renderer` is the console itself,
 * the same files for the window and the browser. Targets are Node 20 and Chrome 130, so that `using` is
 * lowered and any Electron since 33 runs the result.
 */
export default defineConfig({
  main: {
    build: {
      target: 'node20',
      outDir: 'out/main',
      sourcemap: true,
      rolldownOptions: {
        input: {
          desktop: resolve(here, 'src-main/installed/main.ts'),
          serve: resolve(here, 'src-main/serve/main.ts'),
          cli: resolve(here, 'src-main/cli/main.ts'),
          worker: resolve(here, 'src-main/engine/worker/main.ts'),
        },
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      target: 'node20',
      outDir: 'out/preload',
      externalizeDeps: false,
      rolldownOptions: {
        input: { preload: resolve(here, 'src-main/desktop/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: resolve(here, 'src-renderer'),
    plugins: [svelte({ configFile: false })],
    build: {
      target: 'chrome130',
      // Half to be read and parsed before the first picture; a crash is told by its code and not by its stack.
      minify: true,
      outDir: resolve(here, 'out/renderer'),
      // One page from the same machine: a second request would cost more than the size of the first.
      chunkSizeWarningLimit: 2048,
      rolldownOptions: {
        input: { index: resolve(here, 'src-renderer/index.html') },
        checks: { bundlerTimings: false },
      },
    },
  },
})
