// `npm run gate`: everything a change must pass, each step by name and with its time. All steps run, so that one
// look shows all there is to mend.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { inProject, projectNode, runToEnd, underProjectNode } from './run.mjs'

await underProjectNode()
if (!existsSync(inProject('node_modules', 'vitest'))) {
  process.stderr.write('keyferry: not installed yet. Run: npm ci\n')
  process.exit(2)
}

const inModules = (...parts) => inProject('node_modules', ...parts)
const steps = [
  ['format', () => run(inModules('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.')],
  ['lint', () => run(inModules('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0')],
  [
    'types',
    () =>
      run(
        inModules('svelte-check', 'bin', 'svelte-check'),
        '--tsconfig',
        './tsconfig.json',
        '--fail-on-warnings',
      ),
  ],
  ['layers', () => run(inModules('dependency-cruiser', 'bin', 'dependency-cruise.mjs'), ...layersOf())],
  ['unused', () => run(inModules('knip', 'bin', 'knip.js'))],
  ['build', () => buildWithoutWarnings()],
  ['tests', () => run(inProject('build', 'test.mjs'))],
]

const results = []
for (const [name, perform] of steps) {
  process.stdout.write(`\n── ${name} ${'─'.repeat(70 - name.length)}\n`)
  const started = performance.now()
  const passed = (await perform()) === 0
  results.push({ name, passed, seconds: (performance.now() - started) / 1000 })
}

process.stdout.write('\n')
for (const { name, passed, seconds } of results)
  process.stdout.write(
    `${passed ? 'passed' : 'FAILED'}  ${name.padEnd(8)}${seconds.toFixed(1).padStart(8)} s\n`,
  )
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1

function run(script, ...args) {
  return runToEnd(projectNode(), [script, ...args], { cwd: inProject() })
}

function layersOf() {
  return ['--config', 'build/layers.cjs', 'src-main', 'src-renderer', 'test']
}

function buildWithoutWarnings() {
  const builder = inModules('electron-vite', 'bin', 'electron-vite.js')
  const { status, stdout, stderr } = spawnSync(projectNode(), [builder, 'build'], {
    cwd: inProject(),
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  })
  const said = `${stdout}${stderr}`
  const warned = /\bwarn(ing)?\b/i.test(said)
  if (status !== 0 || warned) process.stdout.write(said)
  return status === 0 && !warned ? 0 : 1
}
