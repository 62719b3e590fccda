import { failureCatalogue, type FailureCode } from '../failure.ts'
import type { TaskEvent, TaskEventCode } from '../task.ts'
import { eventsEn } from './events-en.ts'
import { eventsKo } from './events-ko.ts'
import { eventsZh } from './events-zh.ts'
import { languages, sayFailure, type Locale } from './say-failure.ts'
import { sayName } from './say-name.ts'
import { fillTemplate } from './template.ts'

/** Every event in one language, as templates (`template.ts`); a code without words does not compile. */
export type EventsOf = Readonly<Record<TaskEventCode, string>>

export const events: Readonly<Record<Locale, EventsOf>> = { en: eventsEn, zh: eventsZh, ko: eventsKo }

/** Says what happened to a task in a person's language; of one of several sources its address first. */
export function sayEvent(event: Pick<TaskEvent, 'code' | 'params'>, locale: Locale): string {
  if (event.code === 'task.failed' && isFailureCode(event.params['code']))
    return sayFailure({ code: event.params['code'], params: event.params }, locale).what
  const template = events[locale][event.code]
  const { source } = event.params
  const where = source === undefined || template.includes('{source}') ? '' : `${source}: `
  return where + fillTemplate(template, inWords(event, locale), languages[locale])
}

type NameKind = Parameters<typeof sayName>[0]
const ofSide = { side: 'side' } as const

/** The params of an event that are names of ours. */
const named: Partial<Record<TaskEventCode, Readonly<Record<string, NameKind>>>> = {
  'task.state': { from: 'task.state', to: 'task.state' },
  'task.consented': { reason: 'consent' },
  'checks.accepted': { check: 'check' },
  'freeze.broken': { breach: 'breach' },
  'settings.changed': ofSide,
  'settings.mended': ofSide,
  'settings.restored': ofSide,
  'settings.left': ofSide,
  'settings.by-hand': ofSide,
}

function inWords({ code, params }: Pick<TaskEvent, 'code' | 'params'>, locale: Locale): TaskEvent['params'] {
  const said = Object.entries(named[code] ?? {}).flatMap(([param, kind]) => {
    const name = params[param]
    return name === undefined ? [] : [[param, sayName(kind, String(name), locale)] as const]
  })
  return { ...params, ...Object.fromEntries(said) }
}

function isFailureCode(code: string | number | undefined): code is FailureCode {
  return typeof code === 'string' && code in failureCatalogue
}
