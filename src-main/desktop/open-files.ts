import { app, dialog } from 'electron'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { ConsoleServices } from '#console/services.ts'
import { fail, toFailure } from '#contract/failure.ts'
import { freeName, profileFileEnding, readProfileFile } from '#contract/profile-file.ts'
import { sayFailure, type Locale } from '#contract/words/say-failure.ts'

/** A profile is a few hundred bytes; whatever is larger is something else. */
const largestFile = 1024 * 1024

export interface FileOpener {
  /** Opens the profiles among the arguments of a start, this one's or a second one's. */
  openAmong(args: readonly string[]): void
}

/**
 * Makes a profile of each `.keyferry` file the system hands over (a double click, a drop on the dock), and shows
 * where it is. What is no profile is told. macOS tells of files by an event, also before the app is ready.
 */
export function openFilesWith(
  profiles: ConsoleServices['profiles'],
  locale: Locale,
  show: (place: string) => void,
  early: readonly string[],
): FileOpener {
  const open = async (file: string): Promise<void> => {
    try {
      const { id } = await importProfile(profiles, file)
      show(`#/profiles/${encodeURIComponent(id)}/source`)
    } catch (thrown) {
      const { what, todo } = sayFailure(toFailure(thrown), locale)
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

async function importProfile(profiles: ConsoleServices['profiles'], file: string): Promise<{ id: string }> {
  const known = await stat(file).catch(() => fail('file.not-found', { file }))
  if (!known.isFile() || known.size > largestFile) fail('profile.not-a-file', { file: basename(file) })
  const text = await readFile(file, 'utf8').catch(() => fail('file.not-readable', { file }))
  const input = readProfileFile(text, basename(file))
  const taken = new Set(profiles.list().map(({ name }) => name))
  return profiles.save({ ...input, name: freeName(input.name, taken) })
}
