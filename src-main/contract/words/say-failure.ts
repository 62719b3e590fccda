import type { Failure, FailureCode } from '../failure.ts'
import { en } from './en.ts'
import { ko } from './ko.ts'
import { adviseAccess, withAdvice } from './say-access.ts'
import { fillTemplate, placeholdersOf, type TemplateStyle } from './template.ts'
import { zh } from './zh.ts'

export type Locale = 'en' | 'zh' | 'ko'

/** One failure in three sentences, as templates (`template.ts`). */
export interface FailureWords {
  /** What happened, to which file, server or key. */
  readonly what: string
  /** What is already written or unharmed. */
  readonly safe: string
  /** What a person can do now. */
  readonly todo: string
}

/** Every failure in one language; a code without words does not compile. */
export interface LanguageWords extends TemplateStyle {
  readonly failures: Readonly<Record<FailureCode, FailureWords>>
}

export const languages: Readonly<Record<Locale, LanguageWords>> = { en, zh, ko }

/**
 * Says a failure in a person's language. Whoever knows how many keys the target has taken adds `written` to the
 * params: `safe` then tells it, and otherwise says that nothing has been written; or, with `sent`, that some keys
 * may be, of which none is known for certain. What `reads` alone has no target to say that of.
 */
export function sayFailure(
  failure: Pick<Failure, 'code' | 'params'>,
  locale: Locale,
  does: 'writes' | 'reads' = 'writes',
): FailureWords {
  const language = languages[locale]
  const words = language.failures[failure.code]
  const params = does === 'reads' ? { ...failure.params, reads: 1 } : failure.params
  const say = (template: string): string => fillTemplate(template, params, language)
  const advised = adviseAccess(failure.code, failure.params['access'], locale)
  return {
    what: say(words.what),
    safe: say(words.safe),
    todo: withAdvice(say(words.todo), advised, locale),
  }
}

/** The same for who sits at a console: what there is to do is said without the flags of the command line. */
export function sayFailureInConsole(
  { code, params }: Pick<Failure, 'code' | 'params'>,
  locale: Locale,
): FailureWords {
  return sayFailure({ code, params: { ...params, console: 1 } }, locale)
}

/**
 * Says what a failure means without one having happened: every fact it can tell stands there as its name, `‹host›`,
 * and sizes as an example. `written` is how many keys the target has taken, 0 for none; `toConsole`: for who sits at
 * one, as `sayFailureInConsole`.
 */
export function sayFailureInGeneral(
  code: FailureCode,
  locale: Locale,
  { written = 0, toConsole = false } = {},
): FailureWords {
  const names = Object.values(languages[locale].failures[code]).flatMap(placeholdersOf)
  const params = Object.fromEntries(names.map(({ name, form }) => [name, example(name, form, written)]))
  return (toConsole ? sayFailureInConsole : sayFailure)({ code, params }, locale)
}

function example(name: string, form: string | undefined, written: number): string | number {
  if (name === 'written') return written
  if (form === 'if') return ''
  if (form === 'bytes') return 64 * 1024 ** 3
  return form === 'keys' ? 1_000 : `‹${name}›`
}
