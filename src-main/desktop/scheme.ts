import { protocol } from 'electron'
import { contentSecurityPolicy, type RendererFiles } from '#console/renderer-files.ts'

/** The one origin of the window. */
export const windowOrigin = 'app://keyferry'

/** Must be called before the app is ready. */
export function claimScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ])
}

/** Serves the built console under `app://keyferry/`, and nothing else. */
export function serveScheme(files: RendererFiles): void {
  protocol.handle('app', ({ url, method }) => answerFor(files, url, method))
}

/** The answer to one request of the window. */
function answerFor(files: RendererFiles, url: string, method: string): Response {
  const { protocol: scheme, host, pathname } = new URL(url)
  const file = `${scheme}//${host}` === windowOrigin && method === 'GET' ? files.get(pathname) : undefined
  const headers = {
    'Content-Security-Policy': contentSecurityPolicy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  }
  if (file === undefined) return new Response(null, { status: 404, headers })
  return new Response(new Uint8Array(file.body), { headers: { ...headers, 'Content-Type': file.type } })
}

/** Whether a page at `url` is ours. */
export function isOurs(url: string): boolean {
  return url === windowOrigin || url.startsWith(`${windowOrigin}/`)
}
