import { contradictionOf, databasesMeeting, hasRules, nameMeeting } from '#contract/selection.ts'
import { failed, passed, type Check } from './context.ts'

/** Can what is written be followed by the rules for keys, where there are any? */
export const rules: Check = {
  id: 'rules',
  side: 'both',
  async run({ options, mode, sources }) {
    const asked = options.rules
    if (asked === undefined || !hasRules(asked)) return passed('rules-none')
    const wrong = contradictionOf(asked) ?? nameMeeting(asked)
    if (wrong !== null) return failed('rules-contradict', { field: wrong.field, reason: wrong.reason })
    const servers = await sources
    if (servers.length > 1 || (await mode) === 'scan') return failed('rules-one-source')
    if (options.wayBack) return failed('rules-way-back')
    const there = servers.flatMap(({ reached }) =>
      'control' in reached ? Object.keys(reached.facts.keysPerDb).map(Number) : [],
    )
    const meeting = databasesMeeting(asked, there)
    if (meeting !== null) return failed('rules-databases-meet', meeting)
    return passed('rules-fit')
  },
}
