import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/** The colours a page can be in: those of either theme, or those the system forces on every page. */
const colourings = {
  light: { colorScheme: 'light', forcedColors: 'none' },
  dark: { colorScheme: 'dark', forcedColors: 'none' },
  forced: { colorScheme: 'light', forcedColors: 'active' },
} as const
export type Colouring = keyof typeof colourings

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const everyRule = { type: 'tag', values: tags } as const
const colourRules = { type: 'rule', values: ['color-contrast'] } as const

/** `KEYFERRY_AXE=all`: every rule in every language and all colours, which takes three times as long. */
const thorough = process.env['KEYFERRY_AXE'] === 'all'

/**
 * The language in which each page is looked at with every rule, and the colours it is in meanwhile. Together that is
 * every language and all colours; words do not change colours, nor colours words.
 */
export const looks = [
  { name: 'en', locale: 'en-US', colouring: 'light' },
  { name: 'zh', locale: 'zh-CN', colouring: 'dark' },
  { name: 'ko', locale: 'ko-KR', colouring: 'forced' },
] as const

/**
 * What axe finds on the page: the rule and where, empty when all is well. Every rule is tried in colours of its own;
 * from light ones the page goes through all others too, for what colours change, and is left in its own.
 */
export async function findings(page: Page, own: Colouring = 'light'): Promise<readonly string[]> {
  const others = (Object.keys(colourings) as Colouring[]).filter((each) => each !== own)
  const found: string[] = []
  for (const colouring of own === 'light' || thorough ? [...others, own] : [own]) {
    await page.emulateMedia(colourings[colouring])
    const rules = colouring === own || thorough ? everyRule : colourRules
    found.push(...(await findBy(page, rules)).map((finding) => `${colouring}: ${finding}`))
  }
  return found
}

/** Without frames to look into, axe need not open a page of its own to put its results together. */
async function findBy(
  page: Page,
  runOnly: { readonly type: 'tag' | 'rule'; readonly values: readonly string[] },
): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .options({ runOnly: { type: runOnly.type, values: [...runOnly.values] }, resultTypes: ['violations'] })
    .analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} at ${target.join(' ')}`))
}
