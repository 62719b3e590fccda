import { base } from '../base.ts'

export const kept = {
  watch: base.kept.watch.handler(({ context, signal }) => context.kept.watch(signal)),
}
