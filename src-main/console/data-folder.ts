import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** Where Keyferry keeps what is its own: `KEYFERRY_HOME`, else the place the system has for it. */
export function dataFolder(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const chosen = environment['KEYFERRY_HOME']
  if (chosen) return chosen
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Keyferry')
  if (platform === 'win32')
    return join(environment['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'Keyferry')
  return join(environment['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'keyferry')
}

/** Where it is kept in there how far restores have come. */
export function restoresFolder(): string {
  return join(dataFolder(), 'restores')
}
