import { describe, expect, test } from 'vitest'
import { failureCodes, operatorPage, readOperatorPages } from './operator-pages.ts'

const pages = readOperatorPages()

describe('the pages for operators', () => {
  test.each(failureCodes)('%s has one that says what the product says', (code) => {
    expect(pages.get(code), 'missing or outdated: npx node build/operator-pages.ts').toBe(
      operatorPage(code, pages.get(code)),
    )
  })

  test('are about failures that exist', () => {
    expect([...pages.keys()].filter((code) => !(failureCodes as readonly string[]).includes(code))).toEqual(
      [],
    )
  })
})
