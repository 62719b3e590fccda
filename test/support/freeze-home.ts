import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freezeJournal, type FreezeJournal } from '#migration/freeze/record.ts'
import { keyFileBox } from '#migration/secrets.ts'
import { openStore, type Store } from '#store/open.ts'

/** A place where what is frozen is written down: a store of its own and the file of its key. Removed at the end. */
export interface FreezeHome extends Disposable {
  readonly store: Store
  /** What another process needs to come to the same journal. */
  readonly files: readonly [store: string, key: string]
  readonly journal: FreezeJournal
}

export function openFreezeHome(): FreezeHome {
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-freeze-'))
  const files = [join(dir, 'keyferry.db'), join(dir, 'key')] as const
  const store = openStore(files[0])
  return {
    store,
    files,
    journal: freezeJournal(store.journal, keyFileBox(files[1])),
    [Symbol.dispose]() {
      store[Symbol.dispose]()
      rmSync(dir, { recursive: true })
    },
  }
}
