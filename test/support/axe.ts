import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe finds on the page as it stands: the rule and where, empty when all is well. */
export function findings(page: Page): Promise<readonly string[]> {
  return findBy(page, { type: 'tag', values: tags })
}

/**
 * The same with the colours of the other theme, in which the page is left no longer than that takes: a theme changes
 * colours and nothing else, so those are all that is looked at.
 */
export async function findingsInBothThemes(page: Page): Promise<readonly string[]> {
  const light = await findings(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  const dark = await findBy(page, { type: 'rule', values: ['color-contrast'] })
  await page.emulateMedia({ colorScheme: 'light' })
  return [...light, ...dark.map((finding) => `dark: ${finding}`)]
}

/** Without frames to look into, axe need not open a page of its own to put its results together. */
async function findBy(
  page: Page,
  runOnly: { readonly type: 'tag' | 'rule'; readonly values: string[] },
): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .options({ runOnly, resultTypes: ['violations'] })
    .analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} at ${target.join(' ')}`))
}
