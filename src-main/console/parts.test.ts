import { expect, test } from 'vitest'
import { findParts } from './parts.ts'

test.each([['file:///app/out/main/serve.js'], ['file:///app/out/main/chunks/compose-1a2b.js']])(
  'seen from %s the built worker is found',
  (module) => {
    expect(findParts(module).worker.pathname).toBe('/app/out/main/worker.js')
    expect(findParts(module).renderer.pathname).toBe('/app/out/renderer/')
  },
)

test('seen from the source tree it is the source', () => {
  expect(findParts('file:///app/src-main/console/parts.ts').worker.pathname).toBe(
    '/app/src-main/engine/worker/main.ts',
  )
})
