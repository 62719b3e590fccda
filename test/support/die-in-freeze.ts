import { freezeJournal, type FreezeJournal } from '#migration/freeze/record.ts'
import { freezeWrites } from '#migration/freeze/freeze.ts'
import { KeyBox } from '#migration/secrets.ts'
import { openStore } from '#store/open.ts'

/** Moments of a freeze at which this process can end as by kill -9. */
export type DeathIn = 'journal' | 'journaled' | 'own-user' | 'changed' | 'recorded'

/** Run as a process of its own: `die-in-freeze.ts STORE KEY HOST PORT PASSWORD MOMENT`. */
const [file = '', key = '', host = '', port = '', password = '', moment = ''] = process.argv.slice(2)

function dieAt(here: DeathIn): void {
  if (here === moment) process.kill(process.pid, 'SIGKILL')
}

const journal = freezeJournal(openStore(file).journal, new KeyBox(key))
const mortal: FreezeJournal = {
  ...journal,
  write(taskId, record) {
    dieAt('journal')
    const kept = journal.write(taskId, record)
    dieAt('journaled')
    return kept
  },
  amend(kept, changed) {
    dieAt('changed')
    const amended = journal.amend(kept, changed)
    dieAt('recorded')
    return amended
  },
}
await freezeWrites({
  taskId: 'mortal',
  connection: { host, port: Number(port), password },
  journal: mortal,
  onCredentials: () => dieAt('own-user'),
})
