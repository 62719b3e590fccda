// The programs the demo and the tests need beside npm's packages: found on PATH, installed where that is ours to
// do (root, on a system with apt), else named with the one command that installs them.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Each by the names it goes by and the package that brings it. */
const programs = {
  server: { names: ['redis-server', 'valkey-server'], apt: 'redis-server', brew: 'redis' },
  openssl: { names: ['openssl'], apt: 'openssl', brew: 'openssl' },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    chosenBy: 'CHROMIUM',
    apt: 'chromium',
    brew: 'chromium',
  },
  xvfb: { names: ['xvfb-run'], apt: 'xvfb', linuxOnly: true },
  // Tests of tunnels are skipped without it. Where an init system runs, its package would open the machine's own port.
  sshd: { names: ['sshd'], folders: ['/usr/sbin', '/usr/local/sbin'], apt: 'openssh-server', optional: true },
}

/** Returns once all of `wanted` (keys of the table above) but optional ones are there; else says what to type and exits with 2. */
export function requirePrograms(wanted) {
  const missing = missingOf(wanted)
  if (missing.length === 0) return
  const installable = missing.filter((key) => !programs[key].optional || !existsSync('/run/systemd/system'))
  if (mayInstall() && installable.length > 0) install(installable)
  const still = missingOf(wanted).filter((key) => !programs[key].optional)
  if (still.length === 0) return
  const names = still.map((key) => programs[key].names.join(' or ')).join(', ')
  process.stderr.write(`keyferry: not found on PATH: ${names}.\nInstall with:\n\n  ${advice(still)}\n\n`)
  process.exit(2)
}

/** The path of a program of the table, or null. */
function findProgram(key) {
  const { names, chosenBy, folders } = programs[key]
  const chosen = chosenBy === undefined ? undefined : process.env[chosenBy]
  return chosen ?? names.map((name) => onPath(name, folders)).find((path) => path !== null) ?? null
}

function missingOf(wanted) {
  return wanted.filter((key) => {
    if (programs[key].linuxOnly && process.platform !== 'linux') return false
    return findProgram(key) === null
  })
}

function onPath(name, folders = []) {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...folders]) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      continue
    }
  }
  return null
}

function mayInstall() {
  return process.platform === 'linux' && process.getuid?.() === 0 && onPath('apt-get') !== null
}

function install(missing) {
  const packages = missing.map((key) => programs[key].apt)
  process.stderr.write(`keyferry: installing with apt: ${packages.join(', ')} …\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 2, 2], env }).status === 0
  const installAll = () => apt('install', '-y', '--no-install-recommends', ...packages)
  // Package lists may be missing or too old to name versions that still exist.
  if (!installAll()) {
    apt('update')
    installAll()
  }
}

function advice(missing) {
  if (process.platform === 'darwin')
    return `brew install ${missing.map((key) => programs[key].brew).join(' ')}`
  return `sudo apt-get update && sudo apt-get install -y ${missing.map((key) => programs[key].apt).join(' ')}`
}
