import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'

export interface RendererFile {
  readonly body: Buffer
  readonly type: string
  readonly etag: string
}

/** The files of the built console by the path they are asked for with (`/`, `/assets/index-x.js`). */
export type RendererFiles = ReadonlyMap<string, RendererFile>

/** The one content policy, for the window and the browser alike. */
export const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
}

/**
 * Reads the built console (a megabyte or so) into memory. What is asked for is looked up by its whole path and
 * never handed to the file system, so no path, however written, leads anywhere else. Files of a type we do not
 * name, such as source maps, are not served.
 */
export async function readRendererFiles(root: URL): Promise<RendererFiles> {
  const files = new Map<string, RendererFile>()
  await readInto(files, root, '/')
  const page = files.get('/index.html')
  if (page) files.set('/', page)
  return files
}

async function readInto(files: Map<string, RendererFile>, folder: URL, path: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const type = types[extname(entry.name)]
    if (entry.isDirectory())
      await readInto(files, new URL(`${encodeURIComponent(entry.name)}/`, folder), `${path}${entry.name}/`)
    else if (entry.isFile() && type !== undefined) {
      const body = await readFile(new URL(encodeURIComponent(entry.name), folder))
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      files.set(`${path}${entry.name}`, { body, type, etag })
    }
  }
}
