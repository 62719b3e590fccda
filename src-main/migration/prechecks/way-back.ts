import { failed, mayFollow, passed, unreached, warning, worstOf, type Check } from './context.ts'

/** Can what is written to the target after the cutover be brought back to the source, where that is asked for? */
export const wayBack: Check = {
  id: 'way-back',
  side: 'both',
  async run({ options, sourceCount, sources, targets }) {
    if (!options.wayBack) return passed('way-back-none')
    // A key that is new on the target is no one's of them.
    if (sourceCount > 1) return failed('way-back-several', { sources: sourceCount })
    const old = (await sources).flatMap(({ reached }) => ('control' in reached ? [reached] : []))
    const fresh = await targets
    const found = await Promise.all(
      fresh.map(async ({ address, reached }) => {
        if (!('control' in reached)) return { address, ...unreached('target') }
        const follows = await mayFollow(reached.control).catch(() => false)
        return { address, ...(follows ? passed('way-back-open') : failed('way-back-no-stream', { address })) }
      }),
    )
    const ofTarget = worstOf(found)
    if (ofTarget.state !== 'passed') return ofTarget
    const isCluster = old.some(({ facts }) => facts.mode === 'cluster')
    const goesToCluster = fresh.some(
      ({ reached }) => 'control' in reached && reached.facts.mode === 'cluster',
    )
    return isCluster && !goesToCluster ? warning('way-back-into-cluster') : passed('way-back-open')
  },
}
