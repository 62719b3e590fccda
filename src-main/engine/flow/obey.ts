import type { Connection } from '#contract/connection.ts'
import type { SyncOrder } from '#contract/sync.ts'
import type { Wishes } from './steering.ts'
import type { Tell } from './sync-state.ts'

/** What the orders of a sync change. */
export interface Ordered {
  readonly wishes: Wishes
  /** Is the phase `drained`? */
  readonly drained: boolean
  readonly tell: Tell
  /** Goes through the keys of the sources so fast from now on; null: as fast as they answer. */
  readonly usePace: (keysPerSecond: number | null) => void
  /** Has the source of this number signed in to otherwise from the next connection on. */
  readonly useCredentials: (source: number, use: (connection: Connection) => Connection) => void
}

/** Notes what is ordered; an order that cannot be obeyed is told. */
export function obey(order: SyncOrder, { wishes, drained, tell, usePace, useCredentials }: Ordered): void {
  switch (order.type) {
    case 'settle':
      wishes.settle = true
      break
    case 'drainTo':
      wishes.drainTo = order.offsets
      break
    case 'follow':
      wishes.settle = false
      wishes.drainTo = null
      break
    case 'credentials': {
      const { type: _type, source, ...credentials } = order
      useCredentials(source, ({ username: _user, password: _password, ...rest }) => ({
        ...rest,
        ...credentials,
      }))
      break
    }
    case 'pace':
      usePace(order.keysPerSecond)
      break
    case 'finish':
      if (order.force === true || drained) wishes.ending = 'finish'
      else tell('order.refused', { order: 'finish' }, 'warning')
      break
    case 'pause':
    case 'leave':
      wishes.ending = order.type
      break
  }
}
