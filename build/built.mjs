// Whether the product is built, and building it.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { inProject, projectNode, runToEnd } from './run.mjs'

const entry = inProject('out', 'main', 'cli.js')
const sources = ['src-main', 'src-renderer', 'package.json', 'electron.vite.config.ts']

/** Builds what is missing, or older than its sources. Ends the process where that fails. */
export async function buildIfNeeded() {
  if (!existsSync(entry) || newest(sources.map((source) => inProject(source))) > statSync(entry).mtimeMs)
    await build()
}

/** Builds; what the build says goes to stderr. Ends the process where that fails. */
async function build() {
  const builder = inProject('node_modules', 'electron-vite', 'bin', 'electron-vite.js')
  if (!existsSync(builder)) {
    process.stderr.write(`keyferry: not installed yet. In ${inProject()}, run: npm ci\n`)
    process.exit(2)
  }
  process.stderr.write('keyferry: building …\n')
  const code = await runToEnd(projectNode(), [builder, 'build', '--logLevel', 'warn'], {
    stdout: 'stderr',
    cwd: inProject(),
  })
  if (code !== 0) process.exit(code)
}

function newest(paths) {
  return Math.max(
    ...paths.map((path) => {
      const stats = statSync(path)
      if (!stats.isDirectory()) return stats.mtimeMs
      return Math.max(stats.mtimeMs, newest(readdirSync(path).map((name) => `${path}/${name}`)))
    }),
  )
}
