import { fail } from '#contract/failure.ts'
import type { ByteFeed } from '../../bytes/feed.ts'
import { doubleText } from '../double.ts'
import { moduleTypeName, moduleTypeVersion, readModule } from '../module.ts'
import { type } from '../opcodes.ts'
import type { Steps } from '../steps.ts'
import type { JsonWriter } from './json-writer.ts'

/**
 * Writes a module's value as `{"module":name,"version":n,"parts":[[kind, part], …]}`: all that is in it, in
 * order; what it means only the module knows. Kinds: `sint`, `uint`, `float`, `double`, `string`.
 */
export function* writeModuleJson(code: number, feed: ByteFeed, json: JsonWriter): Steps<void> {
  // Before 4.0 was released a module's value did not say of itself where it ends.
  if (code !== type.MODULE_2) fail('file.unknown-type', { type: code })
  let isFirst = true
  function begin(kind: string): void {
    json.comma(isFirst)
    isFirst = false
    json.raw(`["${kind}",`)
  }
  yield* readModule(feed, {
    id(id) {
      json.raw(`{"module":"${moduleTypeName(id)}","version":${moduleTypeVersion(id)},"parts":[`)
    },
    *integer(kind, value) {
      begin(kind)
      json.integer(value)
      json.raw(']')
      yield* json.drain()
    },
    *double(kind, value) {
      begin(kind)
      json.double(doubleText(value))
      json.raw(']')
      yield* json.drain()
    },
    *string(element) {
      begin('string')
      yield* json.element(element)
      json.raw(']')
    },
  })
  json.raw(']}')
}
