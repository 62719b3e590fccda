import { contradictionOf, databasesMeeting, hasRules, nameMeeting } from '#contract/selection.ts'
import { failed, passed, type Check } from './context.ts'

/** Can what is written be followed by the rules for keys, where there are any? */
export const rules: Check = {
  id: 'rules',
  side: 'both',
  async run({ options, sources }) {
    const asked = options.rules
    if (asked === undefined || !hasRules(asked)) return passed('rules-none')
    const wrong = contradictionOf(asked) ?? nameMeeting(asked)
    if (wrong !== null) return failed('rules-contradict', { field: wrong.field, reason: wrong.reason })
    if (options.wayBack) return failed('rules-way-back')
    const there = (await sources).flatMap(({ reached }) =>
      'control' in reached ? Object.keys(reached.facts.keysPerDb).map(Number) : [],
    )
    // A database of several sources is one.
    const meeting = databasesMeeting(asked, [...new Set(there)])
    if (meeting !== null) return failed('rules-databases-meet', meeting)
    return passed('rules-fit')
  },
}
