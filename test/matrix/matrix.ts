import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toFailure } from '#contract/failure.ts'
import type { Loss, LossKind } from '#contract/loss.ts'
import { restoreSpecSchema, type RestoreRequest, type RestoreResult } from '#contract/restore.ts'
import { runRestore } from '#engine/flow/restore.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { bounded } from './bounded.ts'
import { differences, expectedAt, type Way } from './expected.ts'
import { fill, fillLarge, goneAfterMs } from './fill.ts'
import { readServer, type ServerView } from './read.ts'
import { startMatrixServer, type MatrixServer } from './servers.ts'

/** A source's data set: as it reads it itself, and as the file it saved; or why there is none. */
interface MatrixSource {
  readonly server: MatrixServer
  readonly made: { readonly view: ServerView; readonly file: string } | { readonly failure: string }
}

/** As long may one server fill itself, or one restore with all that is looked at around it take, milliseconds. */
const limitMs: Readonly<Record<Way, number>> = { values: 60_000, commands: 60_000, large: 240_000 }

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
  try {
    await using redis = await startMatrixServer(server)
    const view = await bounded(redis, limitMs[way], async () => {
      await (way === 'large' ? fillLarge : fill)(redis, server)
      await redis.call('SAVE')
      copyFileSync(join(redis.dir, 'dump.rdb'), file)
      return await readServer(redis, server)
    })
    return { server, made: { view, file } }
  } catch (thrown) {
    return { server, made: { failure: `the source was not made: ${reasonOf(thrown)}` } }
  }
}

/** Restores every source into one server, one after the other, and looks at what arrived. */
async function restoreAllInto(
  to: MatrixServer,
  sources: readonly MatrixSource[],
  way: Way,
): Promise<readonly Cell[]> {
  const cells: Cell[] = []
  while (cells.length < sources.length) {
    try {
      await using target = await startMatrixServer(to, { forbidRestore: way === 'commands' })
      for (const source of sources.slice(cells.length))
        cells.push(
          await bounded(target, limitMs[way], (signal) => restoreOne(target, to, source, way, signal)),
        )
    } catch (thrown) {
      // A server is not used on after that.
      cells.push(wrongCell(sources[cells.length]!.server, to, [reasonOf(thrown)]))
    }
  }
  return cells
}

async function restoreOne(
  target: RedisServer,
  to: MatrixServer,
  { server: from, made }: MatrixSource,
  way: Way,
  signal: AbortSignal,
): Promise<Cell> {
  if ('failure' in made) return wrongCell(from, to, [made.failure])
  const { view, file } = made
  await target.call('FLUSHALL')
  if (to.version >= 700) await target.call('FUNCTION', 'FLUSH')
  const expected = expectedAt(view, from, to, way)
  const wrong: string[] = []
  const leavesOut = (['stream', 'function', 'module', 'field-expiry'] as const).some((kind) =>
    expected.losses.has(kind),
  )
  if (leavesOut) wrong.push(...(await refusedUntouched(target, to, file, signal)))
  let told: readonly Loss[] | null = null
  const restored = await restore(
    target,
    { files: [file], cannotHold: 'skip', fieldExpiry: 'drop' },
    signal,
    (progress) => {
      if (progress.keysWritten === 0) told = progress.cannotHold
    },
  ).catch((thrown: unknown) => toFailure(thrown))
  if ('code' in restored) return wrongCell(from, to, [...wrong, JSON.stringify(restored)])
  const { cannotHold: losses } = restored
  wrong.push(...lossDifferences(expected.losses, losses))
  if (JSON.stringify(told) !== JSON.stringify(losses))
    wrong.push('what is lost was not told before the first write')
  wrong.push(...differences(expected, await readServer(target, to), from, way))
  return { from, to, keys: restored.keysWritten, losses, wrong }
}

function wrongCell(from: MatrixServer, to: MatrixServer, wrong: readonly string[]): Cell {
  return { from, to, keys: 0, losses: [], wrong }
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** With the default policies nothing may be written: no key in any database, and no library. */
async function refusedUntouched(
  target: RedisServer,
  to: MatrixServer,
  file: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const refused = await restore(target, { files: [file] }, signal).catch((thrown: unknown) =>
    toFailure(thrown),
  )
  const perDb = String(await target.call('INFO')).matchAll(/^db\d+:keys=(\d+)/gm)
  const keys = [...perDb].reduce((sum, [, count]) => sum + Number(count), 0)
  const libraries = to.version >= 700 ? ((await target.call('FUNCTION', 'LIST')) as unknown[]).length : 0
  return [
    ...('code' in refused && refused.code === 'target.lacks-types'
      ? []
      : [`not refused: ${JSON.stringify(refused)}`]),
    ...(keys + libraries === 0 ? [] : [`${keys} keys and ${libraries} libraries written although refused`]),
  ]
}

function restore(
  target: RedisServer,
  request: Omit<RestoreRequest, 'target'>,
  signal: AbortSignal,
  report: Parameters<typeof runRestore>[1] = () => undefined,
): Promise<RestoreResult> {
  const spec = restoreSpecSchema.parse({ ...request, target: { host: target.host, port: target.port } })
  return runRestore(spec, report, signal)
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
 * of which one is older and one newer. `onCells` is told of each server's as they are done; one that ends, or a restore
 * that does not, makes its own cell wrong and no other.
 */
export async function runMatrix(
  servers: readonly MatrixServer[],
  way: Way,
  onCells: (cells: readonly Cell[]) => void = () => undefined,
): Promise<readonly Cell[]> {
  using sources = await MatrixSources.make(servers, way)
  const cells: Cell[] = []
  for (const [at, to] of servers.entries()) {
    const from = sources.all.filter((_, other) => way !== 'large' || Math.abs(other - at) === 1)
    const some = await restoreAllInto(to, from, way)
    onCells(some)
    cells.push(...some)
  }
  return cells
}
