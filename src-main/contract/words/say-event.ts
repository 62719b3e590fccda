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
  'target.lock-broken': { breach: 'breach' },
  'settings.changed': ofSide,
  'settings.mended': ofSide,
  'settings.restored': ofSide,
  'settings.left': ofSide,
  'settings.by-hand': ofSide,
}

/** Those that tell in the middle why: their `code` is a failure's. */
const withReason: ReadonlySet<TaskEventCode> = new Set([
  'schedule.missed',
  'way-back.not-opened',
  'move.ended',
])

/** Those that tell what somebody else has changed. */
const withChange: ReadonlySet<TaskEventCode> = new Set(['freeze.changed-meanwhile', 'target.lock-changed'])

function inWords({ code, params }: Pick<TaskEvent, 'code' | 'params'>, locale: Locale): TaskEvent['params'] {
  const said = Object.entries(named[code] ?? {}).flatMap(([param, kind]) => {
    const name = params[param]
    return name === undefined ? [] : [[param, sayName(kind, String(name), locale)] as const]
  })
  return {
    ...params,
    ...Object.fromEntries(said),
    ...(withReason.has(code) && { code: sayReason(params, locale) }),
    ...(withChange.has(code) && { what: sayChanged(String(params['what']), locale) }),
  }
}

/** A sentence. */
function sayReason({ code, ...params }: TaskEvent['params'], locale: Locale): string {
  return isFailureCode(code) ? sayFailure({ code, params }, locale).what : `${code ?? ''}.`
}

/** A setting, or else a user, behind the address of its server where there are several (`freeze/unfreeze.ts`). */
function sayChanged(what: string, locale: Locale): string {
  const parts = what.split(' ')
  const name = parts.pop() ?? ''
  const said = sayName('changed', name, locale)
  const known =
    said === name ? fillTemplate(sayName('changed', 'user', locale), { name }, languages[locale]) : said
  return parts.length === 0 ? known : `${known} (${parts.join(' ')})`
}

function isFailureCode(code: string | number | undefined): code is FailureCode {
  return typeof code === 'string' && code in failureCatalogue
}
