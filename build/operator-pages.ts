import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { failureCatalogue, type FailureCode } from '../src-main/contract/failure.ts'
import { sayFailureInGeneral } from '../src-main/contract/words/say-failure.ts'

/**
 * `docs/operators/<code>.md`: one page a failure, for whoever looks its code up. The head is made from the
 * catalogue and the words; what stands below the mark is written by hand and kept.
 *
 * Run as a program it writes all heads anew: `npx node build/operator-pages.ts`.
 */
export const operatorPages = join(import.meta.dirname, '..', 'docs', 'operators')

const mark = '<!-- Written by hand from here on. -->'

export const failureCodes = Object.keys(failureCatalogue) as readonly FailureCode[]

/** The page of a failure: its head, and the notes of the page as it was. */
export function operatorPage(code: FailureCode, before = ''): string {
  const { what, safe, todo } = sayFailureInGeneral(code, 'en')
  const begun = sayFailureInGeneral(code, 'en', { written: 1_000 }).safe
  const { retryable } = failureCatalogue[code]
  const notes = before.includes(mark) ? before.slice(before.indexOf(mark) + mark.length).trim() : ''
  const head = `# ${code}

> ${what}

- **What is safe:** ${safe}${begun === safe ? '' : ` Or, once writing has begun: ${begun}`}
- **What to do:** ${todo}
- **Trying again:** ${retryable ? 'can help; in the middle of a job it is done without asking.' : 'does not help until the cause is mended.'}
- 中文: ${sayFailureInGeneral(code, 'zh').what}
- 한국어: ${sayFailureInGeneral(code, 'ko').what}

${mark}
`
  return notes === '' ? head : `${head}\n${notes}\n`
}

export function readOperatorPages(): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(operatorPages)
      .filter((name) => name.endsWith('.md') && name !== 'README.md')
      .map((name) => [name.slice(0, -'.md'.length), readFileSync(join(operatorPages, name), 'utf8')]),
  )
}

if (import.meta.main) {
  const before = readOperatorPages()
  for (const code of failureCodes)
    writeFileSync(join(operatorPages, `${code}.md`), operatorPage(code, before.get(code)))
}
