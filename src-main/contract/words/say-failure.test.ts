import { describe, expect, test } from 'vitest'
import { failureCatalogue, makeFailure, type FailureCode } from '../failure.ts'
import {
  languages,
  sayFailure,
  sayFailureInConsole,
  sayFailureInGeneral,
  type Locale,
} from './say-failure.ts'
import { fillTemplate, formatBytes, placeholdersOf } from './template.ts'

const codes = Object.keys(failureCatalogue) as FailureCode[]
const locales = Object.keys(languages) as Locale[]
const parts = ['what', 'safe', 'todo'] as const

/** What a person is to ask of a server by its own tool. */
const othersCommand = 'redis-cli --cluster check'

/** A value for every param any sentence may use. */
const everything = new Proxy({} as Record<string, string>, {
  get: (_, name) => (['written', 'keys', 'bytes'].includes(String(name)) ? 2 : `<${String(name)}>`),
})

describe.each(locales)('words in %s', (locale) => {
  test.each(codes)('%s: says all three sentences, with and without its facts', (code) => {
    for (const params of [{}, everything]) {
      const said = sayFailure({ code, params }, locale)
      for (const part of parts) {
        expect(said[part]).not.toBe('')
        expect(said[part]).not.toMatch(/[[\]{}|]|undefined| {2}|^ | $/)
        expect(said[part]).not.toMatch(/\berror\b|오류|에러|错误|\[| [,.](?!\w)/i)
        expect(said[part]).toMatch(/[.。)]$/u)
      }
    }
  })

  test.each(codes)('%s: names no flag of the command line at a console', (code) => {
    for (const params of [{}, everything]) {
      const failure = { code, params }
      const told = [
        sayFailureInConsole(failure, locale),
        sayFailureInGeneral(code, locale, { toConsole: true }),
      ]
      for (const said of told)
        for (const part of parts) expect(said[part].replaceAll(othersCommand, '')).not.toMatch(/--\w/)
    }
  })

  test.each(codes)('%s: tells the same facts as in English', (code) => {
    for (const part of parts) {
      const names = (template: string): string[] =>
        placeholdersOf(template)
          .map(({ name, form }) => `${name}:${form}`)
          .sort()
      expect(names(languages[locale].failures[code][part])).toEqual(names(languages.en.failures[code][part]))
    }
  })
})

describe('a failure in words', () => {
  test('names the file, the place and what is safe', () => {
    const failure = makeFailure('file.truncated', { file: '/data/dump.rdb', offset: 4096, key: 'user:1' })
    expect(sayFailure(failure, 'en')).toEqual({
      what: 'The file /data/dump.rdb is cut off at byte 4096, inside the key user:1.',
      safe: 'Nothing has been written; the file itself was only read.',
      todo: 'Fetch the file again and compare its size with the original.',
    })
  })

  test('says how many keys are on the target, in the language', () => {
    const failure = makeFailure('job.cancelled', { written: 12345 })
    expect(sayFailure(failure, 'en').safe).toBe('12,345 keys were written and stay on the target.')
    expect(sayFailure(failure, 'zh').safe).toBe('已写入 12,345 个键，它们保留在目标端。')
    expect(sayFailure(failure, 'ko').safe).toBe('키 12,345개를 썼으며 타깃에 그대로 있습니다.')
  })

  test('says that nothing is written when the count is 0', () => {
    expect(sayFailure(makeFailure('job.cancelled', { written: 0 }), 'en').safe).toBe(
      'Nothing has been written to the target.',
    )
  })

  test('speaks of no target where there is none', () => {
    const failure = makeFailure('file.not-found', { file: '/data/dump.rdb' })
    for (const locale of ['en', 'zh', 'ko'] as const)
      expect(sayFailure(failure, locale, 'reads').safe).not.toMatch(/target|目标端|타깃/)
    expect(sayFailure(failure, 'en', 'reads').safe).toBe('No data has been changed.')
  })
})

describe('a template', () => {
  const style = languages.en

  test('counts one key as one', () => {
    expect(fillTemplate('{n:keys}', { n: 1 }, style)).toBe('1 key')
    expect(fillTemplate('{n:keys}', { n: 1000 }, style)).toBe('1,000 keys')
  })

  test('of several parts the first that is whole is said, else the last', () => {
    const template = '[at least {n:keys}|{sent:if}perhaps some|none]'
    expect(fillTemplate(template, { n: 2, sent: 1 }, style)).toBe('at least 2 keys')
    expect(fillTemplate(template, { n: 0, sent: 1 }, style)).toBe('perhaps some')
    expect(fillTemplate(template, { n: 0 }, style)).toBe('none')
  })

  test('takes a value as it is, even one that looks like a template', () => {
    expect(fillTemplate('key[ {key}]', { key: '$& {other} [x]' }, style)).toBe('key $& {other} [x]')
  })

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 KiB'],
    [1536, '1.5 KiB'],
    [348_685_095, '333 MiB'],
    [12 * 1024 ** 3, '12 GiB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes, 'en')).toBe(text)
  })
})

describe('a failure at a console', () => {
  test('names no flag of the command line that is one of several ways', () => {
    const failure = makeFailure('aof.would-flush', {})
    expect(sayFailure(failure, 'en').todo).toContain('--on-conflict replace')
    expect(sayFailureInConsole(failure, 'en').todo).toMatch(/have existing keys overwritten\.$/)
    expect(sayFailureInConsole(makeFailure('task.not-found', {}), 'ko').todo).toMatch(/^작업 목록을/)
  })

  test.each(locales)('in %s says three whole sentences as well', (locale) => {
    for (const code of codes)
      expect(sayFailureInConsole({ code, params: {} }, locale).todo).toMatch(/^\S.*\S?[.。)]$/u)
  })
})
