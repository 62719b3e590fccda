import type { IncomingHttpHeaders } from 'node:http'

/** Whether a `Host` names us. The port is left open: behind a tunnel it is the tunnel's. */
export type HostRule = (host: string | undefined) => boolean

/**
 * Whether `Host` names this machine itself. A page elsewhere that has its own name resolve to 127.0.0.1 (DNS
 * rebinding) sends its own name here.
 */
export const isThisMachine: HostRule = (host) =>
  host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host)

/** Whether a request that must come from a page of ours does: its `Origin` is the very `Host` it asks. */
export function isOwnOrigin(
  { origin, host }: IncomingHttpHeaders,
  isOwnHost: HostRule,
  scheme: 'http' | 'https',
): boolean {
  return isOwnHost(host) && origin === `${scheme}://${host}`
}
