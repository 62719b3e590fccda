import { app, dialog } from 'electron'
import { basename } from 'node:path'
import type { ConsoleServices } from '#console/services.ts'
import { toFailure } from '#contract/failure.ts'
import { profileFileEnding } from '#contract/profile-file.ts'
import { sayFailureInConsole } from '#contract/words/say-failure.ts'
import { readProfileText } from '#migration/profile-text.ts'
import type { Speech } from './speech.ts'

export interface FileOpener {
  /** Opens these profiles, one after another. */
  open(files: readonly string[]): Promise<void>
  /** Opens the profiles among the arguments of a start, this one's or a second one's. */
  openAmong(args: readonly string[]): void
}

/**
 * Makes a profile of each `.keyferry` file the system hands over (a double click, a drop on the dock), and shows
 * where it is. What is no profile is told. macOS tells of files by an event, also before the app is ready.
 */
export function openFilesWith(
  profiles: ConsoleServices['profiles'],
  speech: Speech,
  show: (place: string) => void,
  early: readonly string[],
): FileOpener {
  const open = async (file: string): Promise<void> => {
    try {
      const { id } = profiles.import(await readProfileText(file), basename(file))
      show(`#/profiles/${encodeURIComponent(id)}/source`)
    } catch (thrown) {
      const { what, todo } = sayFailureInConsole(toFailure(thrown), speech.locale)
      await dialog.showMessageBox({ type: 'warning', message: what, detail: todo, noLink: true })
    }
  }
  const openAll = async (files: readonly string[]): Promise<void> => {
    for (const file of files) await open(file)
  }
  void openAll(early)
  app.on('open-file', (event, file) => {
    event.preventDefault()
    void open(file)
  })
  return {
    open: openAll,
    openAmong: (args) => void openAll(args.slice(1).filter((arg) => arg.endsWith(profileFileEnding))),
  }
}

/** The files macOS hands over before `openFilesWith` listens. Call at once when the process starts. */
export function collectEarlyFiles(): () => readonly string[] {
  const files: string[] = []
  const keep = (event: { preventDefault(): void }, file: string): void => {
    event.preventDefault()
    files.push(file)
  }
  app.on('open-file', keep)
  return () => {
    app.off('open-file', keep)
    return files
  }
}
