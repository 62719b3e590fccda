import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startCli } from '../support/run-cli.ts'

/** A whole migration with its writers: minutes where many others are at work on the machine. */
const timeoutMs = 300_000

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What it makes goes into a folder of this test, so that what it leaves behind is seen. */
const env = (): Record<string, string> => ({ TMPDIR: folder, KEYFERRY_HOME: join(folder, 'not-touched') })

describe('keyferry demo', () => {
  it(
    'migrates a source that is written to, restores a backup of it, and proves both',
    async () => {
      const { code, stdout, stderr } = await startCli(['demo'], { env: env(), timeoutMs }).ended
      expect(stderr).not.toMatch(/\([a-z-]+\.[a-z-]+\)/)
      expect(code).toBe(0)
      for (const said of [
        /4 applications write to the source/,
        /in step/,
        /Both sides are equal: [\d,]{6,} keys compared by value/,
        /The password and the users of the source are as they were before/,
        /Write pause, from the first write refused to finished: [\d,]+ ms/,
        /had [\d,]{5,} writes acknowledged/,
        /Every acknowledged write is on the target, once/,
        /keyferry restore -i/,
        /Both ways the copy holds exactly what the source holds/,
      ])
        expect(stdout).toMatch(said)
      expect(stdout).not.toContain('DIFFERS')
      expect(readdirSync(folder)).toEqual([])
    },
    timeoutMs,
  )

  it(
    'interrupted in the middle it ends its servers, removes its folder, and does not call that a success',
    async () => {
      const running = startCli(['demo'], { env: env(), timeoutMs })
      await running.says(/4 applications write/)
      running.signal('SIGINT')
      const { code, stdout } = await running.ended
      expect(code).toBe(1)
      expect(readdirSync(folder)).toEqual([])
      const ports = [...stdout.matchAll(/port (\d+)/g)]
      expect(ports).toHaveLength(2)
      for (const [, port] of ports)
        await expect(once(connect(Number(port), '127.0.0.1'), 'connect')).rejects.toMatchObject({
          code: 'ECONNREFUSED',
        })
    },
    timeoutMs,
  )
})
