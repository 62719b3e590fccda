// `npm run gate`: everything a change must pass, each step by name and with its time. All steps run, so that one
// look shows all there is to mend. Those that read the sources only run side by side, each on a core of its own; what
// one says is shown when it ends.
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { stripVTControlCharacters } from 'node:util'
import { inProject, projectNode, runToEnd, underProjectNode } from './run.mjs'

await underProjectNode()
if (!existsSync(inProject('node_modules', 'vitest'))) {
  process.stderr.write('keyferry: not installed yet. Run: npm ci\n')
  process.exit(2)
}

const inModules = (...parts) => inProject('node_modules', ...parts)
const succeeded = ({ code }) => code === 0
/** Each by name, its command and what makes it pass; the longest first. */
const sideBySide = [
  ['lint', [inModules('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0'], succeeded],
  [
    'types',
    [inModules('svelte-check', 'bin', 'svelte-check'), '--tsconfig', './tsconfig.json', '--fail-on-warnings'],
    succeeded,
  ],
  [
    'format',
    [inModules('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'],
    succeeded,
  ],
  [
    'layers',
    [
      inModules('dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
      ...['--config', 'build/layers.cjs', 'src-main', 'src-renderer', 'test'],
    ],
    succeeded,
  ],
  ['unused', [inModules('knip', 'bin', 'knip.js')], succeeded],
  ['build', [inModules('electron-vite', 'bin', 'electron-vite.js'), 'build'], builtWithoutWarnings],
]

const results = []
const waiting = [...sideBySide]
await Promise.all(Array.from({ length: availableParallelism() }, workThroughWaiting))
title('tests')
await timed('tests', async () => (await runToEnd(projectNode(), [inProject('build', 'test.mjs')])) === 0)

process.stdout.write('\n')
for (const { name, passed, seconds } of results)
  process.stdout.write(
    `${passed ? 'passed' : 'FAILED'}  ${name.padEnd(8)}${seconds.toFixed(1).padStart(8)} s\n`,
  )
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1

async function workThroughWaiting() {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const [name, command, passes] = step
    await timed(name, async () => {
      let said = ''
      const code = await runToEnd(projectNode(), command, {
        cwd: inProject(),
        hear: (text) => (said += text),
      })
      title(name)
      const passed = passes({ code, said })
      if (!passed) process.stdout.write(said)
      return passed
    })
  }
}

function title(name) {
  process.stdout.write(`\n── ${name} ${'─'.repeat(70 - name.length)}\n`)
}

/** What is colourful has its words apart. */
function builtWithoutWarnings({ code, said }) {
  return code === 0 && !/\bwarn(ing)?\b/i.test(stripVTControlCharacters(said))
}

async function timed(name, perform) {
  const started = performance.now()
  const passed = await perform()
  results.push({ name, passed, seconds: (performance.now() - started) / 1000 })
}
