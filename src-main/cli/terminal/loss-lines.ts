import type { Loss } from '#contract/loss.ts'
import { sayLoss } from '#contract/words/say-loss.ts'
import { count } from './figures.ts'

/** What a target cannot hold, one line each, with some of the names. */
export function lossLines(losses: readonly Loss[]): readonly string[] {
  return losses.map((loss) => {
    const names = loss.examples.join(', ')
    const example = names === '' ? '' : ` (${loss.count > loss.examples.length ? `${names}, …` : names})`
    const fate = loss.becomes === 'left-out' ? 'left out' : 'dropped'
    return `  ${fate.padEnd(12)}${count(loss.count)} ${sayLoss(loss, 'en')}${example}`
  })
}
