import type { CheckResult } from '../precheck.ts'
import type { FindingWords, FindingsOf } from './finding-words.ts'
import { findingsEn } from './findings-en.ts'
import { findingsKo } from './findings-ko.ts'
import { findingsZh } from './findings-zh.ts'
import { adviseAccess, withAdvice } from './say-access.ts'
import { languages, type Locale } from './say-failure.ts'
import { fillTemplate } from './template.ts'

export const findings: Readonly<Record<Locale, FindingsOf>> = {
  en: findingsEn,
  zh: findingsZh,
  ko: findingsKo,
}

/** Says a check's finding in a person's language. */
export function sayFinding(result: Pick<CheckResult, 'finding' | 'params'>, locale: Locale): FindingWords {
  const words = findings[locale][result.finding]
  const say = (template: string): string => fillTemplate(template, result.params, languages[locale])
  const advised = adviseAccess(result.finding, result.params['access'], locale)
  return {
    found: say(words.found),
    why: say(words.why),
    mend: withAdvice(say(words.mend), advised, locale),
  }
}
