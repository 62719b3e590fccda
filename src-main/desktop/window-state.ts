import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'

const rectangle = { x: z.int(), y: z.int(), width: z.int().min(1), height: z.int().min(1) }
const stateSchema = z.object({ bounds: z.object(rectangle), maximized: z.boolean() })

/** Where the window was when it was closed, in the screen's own units. */
export type WindowState = z.infer<typeof stateSchema>
type Rectangle = WindowState['bounds']

/** What was kept in `file`; undefined where there is nothing, or nothing that can be read. */
export function readWindowState(file: string): WindowState | undefined {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

/** Keeps it, whole or not at all. */
export function writeWindowState(file: string, state: WindowState): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, JSON.stringify(state))
  renameSync(`${file}.new`, file)
}

/** Points of a window that must lie on a screen for a person to be able to take hold of it. */
const graspable = 64

/** Whether enough of the window's upper edge lies on one of the screens: they come and go. */
export function isReachable(bounds: Rectangle, screens: readonly Rectangle[]): boolean {
  return screens.some(
    (screen) =>
      bounds.y >= screen.y &&
      bounds.y + graspable <= screen.y + screen.height &&
      bounds.x + bounds.width - graspable >= screen.x &&
      bounds.x + graspable <= screen.x + screen.width,
  )
}
