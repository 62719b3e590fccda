import { app, BrowserWindow, Menu, nativeImage, Notification, Tray } from 'electron'
import { fileURLToPath } from 'node:url'
import { findParts } from '#console/parts.ts'
import type { ConsoleServices } from '#console/services.ts'
import { tasksNow } from '#console/under-way.ts'
import type { Speech } from './speech.ts'
import { noticesBetween, standingOf, worksOf, type Work } from './standing.ts'

/** As often is looked; nothing here is worth a subscription to every change. */
const lookEveryMs = 1_000
const listedInTray = 8

/**
 * What the system shows of us beside the window: progress on the taskbar or dock, a tray icon with what is under
 * way, and a notice when something comes to pass while no window of ours is looked at. `show` brings the window
 * forward, at a place of the console. Ends with the app.
 */
export function bePresent(
  services: Pick<ConsoleServices, 'tasks' | 'restores'>,
  speech: Speech,
  show: (place?: string) => void,
): void {
  const tray = openTray(speech, show)
  const shown = new ShownNotices()
  let works: readonly Work[] | null = null
  const look = (): void => {
    const now = worksOf(tasksNow(services), services.restores.list())
    if (works !== null && BrowserWindow.getFocusedWindow() === null)
      for (const { what, work } of noticesBetween(works, now))
        shown.tell(speech.words[`notice.${what}`], work.name, () => show(work.place))
    if (works === null || JSON.stringify(works) !== JSON.stringify(now)) {
      showProgress(now)
      tray?.tell(now)
    }
    works = now
  }
  look()
  speech.onChange(() => tray?.tell(works ?? []))
  const timer = setInterval(look, lookEveryMs)
  app.once('will-quit', () => {
    clearInterval(timer)
    tray?.end()
  })
}

/** What is forgotten here may be collected, and then nobody hears that it was clicked. */
class ShownNotices {
  readonly #kept = new Set<Notification>()

  tell(title: string, body: string, onClick: () => void): void {
    const notice = new Notification({ title, body })
    this.#kept.add(notice)
    notice.on('click', onClick)
    for (const over of ['click', 'close', 'failed'] as const)
      notice.on(over as 'close', () => this.#kept.delete(notice))
    notice.show()
  }
}

function showProgress(works: readonly Work[]): void {
  const { fraction, tone } = standingOf(works)
  for (const window of BrowserWindow.getAllWindows()) {
    if (tone === 'none') window.setProgressBar(-1)
    // Above 1 is Electron's way to say that there is no end to be seen.
    else window.setProgressBar(tone === 'error' ? 1 : (fraction ?? 2), { mode: tone })
  }
}

interface TrayIcon {
  tell(works: readonly Work[]): void
  end(): void
}

/** Null where the system has no place for it. */
function openTray(speech: Speech, show: (place?: string) => void): TrayIcon | null {
  let tray: Tray
  try {
    const picture = nativeImage.createFromPath(fileURLToPath(findParts().trayIcon))
    if (process.platform === 'darwin') picture.setTemplateImage(true)
    tray = new Tray(picture)
  } catch {
    return null
  }
  tray.on('click', () => show())
  return {
    tell(works) {
      const { words } = speech
      const open = works.filter(({ state }) => !['done', 'stopped', 'failed'].includes(state))
      const line = (work: Work): string =>
        `${work.name}  ·  ${work.fraction === null ? words[`tray.${work.state}`] : percent(work.fraction)}`
      tray.setToolTip(['Keyferry', ...open.slice(0, listedInTray).map(line)].join('\n'))
      tray.setContextMenu(
        Menu.buildFromTemplate([
          { label: words['tray.open'], click: () => show() },
          { type: 'separator' },
          ...(open.length === 0
            ? [{ label: words['tray.nothing'], enabled: false }]
            : open
                .slice(0, listedInTray)
                .map((work) => ({ label: line(work), click: () => show(work.place) }))),
          { type: 'separator' },
          { label: words.quit, click: () => app.quit() },
        ]),
      )
    },
    end: () => tray.destroy(),
  }
}

function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`
}
