import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toFailure } from '#contract/failure.ts'
import type { Loss, LossKind } from '#contract/loss.ts'
import { restoreSpecSchema, type RestoreRequest, type RestoreResult } from '#contract/restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { differences, expectedAt, type Way } from './expected.ts'
import { fill, fillLarge, goneAfterMs } from './fill.ts'
import { readServer, type ServerView } from './read.ts'
import { startMatrixServer, type MatrixServer } from './servers.ts'

/** A source's data set: as it reads it itself, and as the file it saved. */
interface MatrixSource {
  readonly server: MatrixServer
  readonly view: ServerView
  readonly file: string
}

/** One ordered pair of servers. */
export interface Cell {
  readonly from: MatrixServer
  readonly to: MatrixServer
  readonly keys: number
  /** What the restore said, before the first write, that the target cannot hold. */
  readonly losses: readonly Loss[]
  /** What is otherwise than it should be; a cell without any is right. */
  readonly wrong: readonly string[]
}

/** Has every server fill itself and save. The files lie in a folder that goes when this is disposed of. */
class MatrixSources implements Disposable {
  readonly all: readonly MatrixSource[]
  readonly #folder: string

  private constructor(all: readonly MatrixSource[], folder: string) {
    this.all = all
    this.#folder = folder
  }

  static async make(servers: readonly MatrixServer[], way: Way): Promise<MatrixSources> {
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-matrix-'))
    const all: MatrixSource[] = []
    for (const server of servers) all.push(await makeSource(server, join(folder, `${all.length}.rdb`), way))
    // 2.4 counts in whole seconds.
    await sleep(goneAfterMs + 1_500)
    return new MatrixSources(all, folder)
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function makeSource(server: MatrixServer, file: string, way: Way): Promise<MatrixSource> {
  await using redis = await startMatrixServer(server)
  await (way === 'large' ? fillLarge : fill)(redis, server)
  await redis.call('SAVE')
  copyFileSync(join(redis.dir, 'dump.rdb'), file)
  return { server, view: await readServer(redis, server), file }
}

/** Restores every source into one server, one after the other, and looks at what arrived. */
async function restoreAllInto(
  to: MatrixServer,
  sources: readonly MatrixSource[],
  way: Way,
): Promise<readonly Cell[]> {
  await using target = await startMatrixServer(to, { forbidRestore: way === 'commands' })
  const cells: Cell[] = []
  for (const source of sources) cells.push(await restoreOne(target, to, source, way))
  return cells
}

async function restoreOne(
  target: RedisServer,
  to: MatrixServer,
  { server: from, view, file }: MatrixSource,
  way: Way,
): Promise<Cell> {
  await target.call('FLUSHALL')
  if (to.version >= 700) await target.call('FUNCTION', 'FLUSH')
  const expected = expectedAt(view, from, to, way)
  const wrong: string[] = []
  const leavesOut = (['stream', 'function', 'module', 'field-expiry'] as const).some((kind) =>
    expected.losses.has(kind),
  )
  if (leavesOut) wrong.push(...(await refusedUntouched(target, file)))
  let told: readonly Loss[] | null = null
  const restored = await restore(
    target,
    { files: [file], cannotHold: 'skip', fieldExpiry: 'drop' },
    (progress) => {
      if (progress.keysWritten === 0) told = progress.cannotHold
    },
  ).catch((thrown: unknown) => toFailure(thrown))
  if ('code' in restored)
    return { from, to, keys: 0, losses: [], wrong: [...wrong, JSON.stringify(restored)] }
  const { cannotHold: losses } = restored
  wrong.push(...lossDifferences(expected.losses, losses))
  if (JSON.stringify(told) !== JSON.stringify(losses))
    wrong.push('what is lost was not told before the first write')
  wrong.push(...differences(expected, await readServer(target, to), from, way))
  return { from, to, keys: restored.keysWritten, losses, wrong }
}

/** With the default policies nothing may be written. */
async function refusedUntouched(target: RedisServer, file: string): Promise<readonly string[]> {
  const refused = await restore(target, { files: [file] }).catch((thrown: unknown) => toFailure(thrown))
  const keys = String(await target.call('INFO')).match(/^db\d+:keys=/gm)?.length ?? 0
  return [
    ...('code' in refused && refused.code === 'target.lacks-types'
      ? []
      : [`not refused: ${JSON.stringify(refused)}`]),
    ...(keys === 0 ? [] : ['written to although refused']),
  ]
}

function restore(
  target: RedisServer,
  request: Omit<RestoreRequest, 'target'>,
  report: Parameters<typeof runRestore>[1] = () => undefined,
): Promise<RestoreResult> {
  const spec = restoreSpecSchema.parse({ ...request, target: { host: target.host, port: target.port } })
  return runRestore(spec, report, new AbortController().signal)
}

function lossDifferences(
  expected: ReadonlyMap<LossKind, number>,
  losses: readonly Loss[],
): readonly string[] {
  const told = new Map(losses.map(({ what, count }) => [what, count]))
  return [...new Set([...expected.keys(), ...told.keys()])]
    .filter((what) => expected.get(what) !== told.get(what))
    .map((what) => `${what}: ${told.get(what) ?? 0} told as lost, ${expected.get(what) ?? 0} are`)
}

/**
 * Every server into every other, in one way. What is `large` takes long: each goes into the two servers beside it only,
 * of which one is older and one newer.
 */
export async function runMatrix(servers: readonly MatrixServer[], way: Way): Promise<readonly Cell[]> {
  using sources = await MatrixSources.make(servers, way)
  const cells: Cell[] = []
  for (const [at, to] of servers.entries()) {
    const from = sources.all.filter((_, other) => way !== 'large' || Math.abs(other - at) === 1)
    cells.push(...(await restoreAllInto(to, from, way)))
  }
  return cells
}
