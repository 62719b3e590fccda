import { base, ok } from '../base.ts'

export const host = {
  capabilities: base.host.capabilities.handler(({ context }) => ok(context.host)),
}
