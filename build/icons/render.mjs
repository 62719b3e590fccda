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
await draw('icon.svg', 256, new URL('../../resources/icon.png', here))
await browser.close()
