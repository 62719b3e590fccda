import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import { runCli, startCli } from '../support/run-cli.ts'

/** With `Host` as given, which `fetch` does not let one say. */
function ask(
  port: number,
  path: string,
  host = `127.0.0.1:${port}`,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers: { host } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (some: string) => (text += some))
      response.on('end', () => resolve({ status: response.statusCode!, text }))
    })
      .on('error', reject)
      .end()
  })
}

/** The value of the one sample of this name. */
function sample(text: string, name: string): number {
  const found = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))]
  expect(found, name).toHaveLength(1)
  return Number(found[0]![1])
}

test('a sync is watched by Prometheus: its figures, without a session and without a secret, to this machine only', async () => {
  await using source = await startRedis({
    password: 'source-secret',
    args: ['--repl-diskless-sync-delay', '0'],
  })
  await using target = await startRedis({ password: 'target-secret' })
  for (let key = 0; key < 20; key += 1) await source.call('SET', `key:${key}`, key)
  const home = mkdtempSync(join(tmpdir(), 'keyferry-home-'))
  const port = await freePort()
  const env = { KEYFERRY_HOME: home, KEYFERRY_SOURCE_PASSWORD: 'source-secret' }
  const ends = ['-f', `127.0.0.1:${source.port}`, '-t', `127.0.0.1:${target.port}`]
  try {
    const sync = startCli(['sync', ...ends, '--accept-warnings', '--metrics', String(port)], {
      env: { ...env, KEYFERRY_TARGET_PASSWORD: 'target-secret' },
      timeoutMs: 60_000,
    })
    await sync.says(/In step/)
    await source.call('INCR', 'key:1')
    await expect
      .poll(async () => sample((await ask(port, '/metrics')).text, 'keyferry_sync_writes_total'), {
        timeout: 20_000,
      })
      .toBeGreaterThan(0)
    const { status, text } = await ask(port, '/metrics')
    expect(status).toBe(200)
    expect(text).toMatch(/^# TYPE keyferry_sync_lag_seconds gauge$/m)
    expect(text).toMatch(/^# TYPE keyferry_sync_full_resyncs_total counter$/m)
    expect(text).toMatch(
      new RegExp(`^keyferry_task_info\\{.*source="127.0.0.1:${source.port}".*state="following".*\\} 1$`, 'm'),
    )
    expect(sample(text, 'keyferry_sync_in_step')).toBe(1)
    expect(sample(text, 'keyferry_sync_full_resyncs_total')).toBe(1)
    expect(sample(text, 'keyferry_sync_copied_keys_total')).toBe(20)
    expect(sample(text, 'keyferry_sync_source_keys')).toBe(20)
    expect(sample(text, 'keyferry_sync_applied_offset_bytes')).toBeGreaterThan(0)
    expect(text).not.toContain('secret')
    expect((await ask(port, '/')).status).toBe(404)
    expect((await ask(port, '/metrics', 'elsewhere.example')).status).toBe(421)
    const taken = await runCli(['serve', '--metrics', String(port)], { env })
    expect(taken.code).toBe(2)
    expect(taken.stderr).toContain('--metrics')
    sync.signal('SIGINT')
    expect((await sync.ended).code).toBe(0)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
