import type { OrderInbox } from './protocol.ts'

export interface KeptOrders<O> extends OrderInbox<O> {
  give(order: O): void
}

/** An inbox that keeps what comes before the job listens. */
export function keepOrders<O>(): KeptOrders<O> {
  const early: O[] = []
  let listener: ((order: O) => void) | null = null
  return {
    give(order) {
      if (listener === null) early.push(order)
      else listener(order)
    },
    listen(heard) {
      listener = heard
      for (const order of early.splice(0)) heard(order)
    },
  }
}
