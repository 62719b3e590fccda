// Where an Electron to run is to be had.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { inProject } from './run.mjs'

const binary =
  { darwin: join('Electron.app', 'Contents', 'MacOS', 'Electron'), win32: 'electron.exe' }[
    process.platform
  ] ?? 'electron'

/** The program in the folder `ELECTRON_OVERRIDE_DIST_PATH` names, or the one Electron's package fetched; or null. */
export function findElectron() {
  const folders = [process.env.ELECTRON_OVERRIDE_DIST_PATH, inProject('node_modules', 'electron', 'dist')]
  return (
    folders
      .filter((folder) => folder !== undefined && folder !== '')
      .map((folder) => join(folder, binary))
      .find((path) => existsSync(path)) ?? null
  )
}

export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}
