import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether `Host` names this machine itself. A page elsewhere that has its own name resolve to 127.0.0.1 (DNS
 * rebinding) sends its own name here. The port is left open: behind an SSH tunnel it is the tunnel's.
 */
export function isOwnHost(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host)
}

/** Whether a request that must come from a page of ours does: its `Origin` is the very `Host` it asks. */
export function isOwnOrigin({ origin, host }: IncomingHttpHeaders): boolean {
  return isOwnHost(host) && origin === `http://${host}`
}
