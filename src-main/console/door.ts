import { RPCHandler } from '@orpc/server/ws'
import { z } from 'zod'
import { router } from './router.ts'
import type { ConsoleServices } from './services.ts'

/** One connected window or browser, whatever carries its frames. */
export interface Channel {
  /** Resolves when there is room for the next frame; never rejects, also when the other side has gone. */
  send(frame: string): Promise<void>
  onFrame(heard: (frame: unknown) => void): void
  onClose(heard: () => void): void
  /** Ends a connection that does not keep to the protocol. */
  refuse(): void
}

/**
 * The frames a console may send: a call, and the end of one. What oRPC's own codec would also take (uploads,
 * streams towards us, absolute addresses) is not part of our contract.
 */
const frameSchema = z.union([
  z.strictObject({
    i: z.string().min(1).max(32),
    p: z.strictObject({
      u: z
        .string()
        .max(200)
        .regex(/^(\/[\w-]+)+$/),
      b: z.unknown().optional(),
    }),
  }),
  z.strictObject({ i: z.string().min(1).max(32), t: z.literal(4) }),
])

/** Answers the calls that come through `channel` until it closes; calls still running then are aborted. */
export function openDoor(services: ConsoleServices): (channel: Channel) => void {
  const handler = new RPCHandler(router)
  return (channel) => {
    const socket = {
      send: channel.send.bind(channel),
      addEventListener(type: string, heard: (event: { readonly data?: unknown }) => void): void {
        if (type === 'close') channel.onClose(() => heard({}))
        else
          channel.onFrame((data) => {
            if (isCall(data)) heard({ data })
            else channel.refuse()
          })
      },
    }
    // The handler wants of a WebSocket these two members only, in the narrow use made of them above.
    void handler.upgrade(socket as unknown as Parameters<typeof handler.upgrade>[0], { context: services })
  }
}

function isCall(frame: unknown): boolean {
  if (typeof frame !== 'string') return false
  try {
    return frameSchema.safeParse(JSON.parse(frame)).success
  } catch {
    return false
  }
}
