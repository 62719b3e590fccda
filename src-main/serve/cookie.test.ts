import { expect, test } from 'vitest'
import { sessionCookie, sessionOf } from './cookie.ts'

test('the cookie is out of reach of scripts and other sites, and found again among others', () => {
  const [pair, ...attributes] = sessionCookie(8080, 'abc', false).split('; ')

  expect(attributes).toEqual(['HttpOnly', 'SameSite=Strict', 'Path=/'])
  expect(sessionCookie(8080, 'abc', true)).toMatch(/; Secure$/)
  expect(sessionOf(8080, `theme=dark; ${pair}; other=1`)).toBe('abc')
})

test('a console on another port has a cookie of its own', () => {
  expect(sessionOf(8081, 'keyferry-8080=abc')).toBeUndefined()
  expect(sessionOf(8080, undefined)).toBeUndefined()
  expect(sessionOf(808, 'keyferry-8080=abc; xkeyferry-808=no')).toBeUndefined()
})
