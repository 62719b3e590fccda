import { expect, test } from 'vitest'
import { proxyOf, throughProxy } from './http-proxy.ts'

const proxy = 'http://me:hunter2@proxy:3128'

test.each([
  ['http://host/x', { http_proxy: proxy }, 'proxy:3128'],
  ['http://host/x', { HTTP_PROXY: 'proxy:3128' }, 'proxy:3128'],
  ['https://host/x', { http_proxy: proxy }, null],
  ['https://host/x', { https_proxy: '', all_proxy: proxy }, 'proxy:3128'],
  ['https://host/x', { https_proxy: proxy, no_proxy: 'other, host' }, null],
  ['https://a.example.com/x', { https_proxy: proxy, no_proxy: '.example.com' }, null],
  ['https://a.example.com/x', { https_proxy: proxy, no_proxy: 'example.com' }, null],
  ['https://notexample.com/x', { https_proxy: proxy, no_proxy: 'example.com' }, 'proxy:3128'],
  ['https://host:8443/x', { https_proxy: proxy, no_proxy: 'host:443' }, 'proxy:3128'],
  ['https://host/x', { https_proxy: proxy, no_proxy: 'host:443' }, null],
  ['https://host/x', { https_proxy: proxy, NO_PROXY: '*' }, null],
])('%s with %j goes through %s', (url, environment, host) => {
  expect(proxyOf(new URL(url), environment)?.host ?? null).toBe(host)
})

test.each(['socks5://proxy:1080', 'https://proxy', 'http://'])('%s is refused, not passed by', (text) => {
  expect(() => proxyOf(new URL('http://host/x'), { http_proxy: text })).toThrow('usage.invalid')
})

test('the proxy gets its own password and not that of the host', () => {
  const options = throughProxy(new URL('http://you:hunter3@host/x?y#z'), new URL(proxy))
  expect(options).toMatchObject({ hostname: 'proxy', port: '3128', path: 'http://host/x?y' })
  expect(options.headers).toEqual({ host: 'host', 'proxy-authorization': `Basic ${btoa('me:hunter2')}` })
})
