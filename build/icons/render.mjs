/**
 * Draws the icon's pictures from its two drawings, at the sizes systems ask for:
 * `npx node build/icons/render.mjs`. To be run after a drawing was changed; the pictures are kept in git.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

/** The small drawing lies on a grid of 16 and stays sharp there; from 32 on the full one is used. */
const sizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024]
const here = new URL('.', import.meta.url)
const drawing = (name) => readFileSync(new URL(name, here), 'utf8')

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
const page = await browser.newPage()
const draw = async (name, size, file) => {
  await page.setViewportSize({ width: size, height: size })
  const picture = `data:image/svg+xml;base64,${Buffer.from(drawing(name)).toString('base64')}`
  await page.setContent(
    `<style>body{margin:0}img{display:block}</style><img src="${picture}" width="${size}" height="${size}">`,
  )
  await page.screenshot({ path: fileURLToPath(file), omitBackground: true })
}

mkdirSync(new URL('png/', here), { recursive: true })
for (const size of sizes)
  await draw(size < 32 ? 'icon-small.svg' : 'icon.svg', size, new URL(`png/${size}x${size}.png`, here))
const resources = new URL('../../resources/', here)
await draw('icon.svg', 256, new URL('icon.png', resources))
// The tray's own sizes are 16 on macOS (a template: black on nothing) and Windows, 22 or so on Linux, and twice that.
await draw('icon-small.svg', 24, new URL('tray.png', resources))
await draw('icon.svg', 48, new URL('tray@2x.png', resources))
await draw('icon-mono.svg', 16, new URL('trayTemplate.png', resources))
await draw('icon-mono.svg', 32, new URL('trayTemplate@2x.png', resources))
await browser.close()
