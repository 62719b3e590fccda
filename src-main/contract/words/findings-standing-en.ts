import type { StandingFinding } from '../finding.ts'
import { fine, type FindingWords } from './finding-words.ts'

export const findingsOfStandingEn: Readonly<Record<StandingFinding, FindingWords>> = {
  'no-other-task': fine('No other task is at work on it.'),
  'other-task': {
    found: 'Another task is at work on [{address}|it][: {task}].',
    why: 'Two at once would undo each other’s settings and password, and mix their data.',
    mend: 'Finish or stop the other task, then run the checks again.',
  },
  'not-busy': fine('It is neither loading nor saving.'),
  loading: {
    found: '[{address}|The source] is still loading its data[ (about {seconds} s to go)].',
    why: 'Until that is done nothing can be read.',
    mend: 'Wait, then run the checks again.',
  },
  saving: {
    found: '[{address}|The source] is writing a snapshot or its append-only file anew just now.',
    why: 'The snapshot for the copy has to wait until that is done.',
    mend: 'Wait until it is done, or go on: the copy then begins later.',
  },
  'snapshot-room': fine('Of the {total:bytes} of its machine it uses {used:bytes}.'),
  'snapshot-tight': {
    found: 'It uses {used:bytes} of the {total:bytes} of its machine.',
    why: 'While a snapshot is made, what is written to is kept twice. A machine that runs full ends the server.',
    mend: 'Take a replica as the source, or copy in a quiet hour. Set vm.overcommit_memory to 1 on its machine.',
  },
  'snapshot-failed-before': {
    found: 'The last snapshot of [{address}|the source] failed.',
    why: 'The one for the copy may fail for the same reason: mostly memory for the fork, or a full disk.',
    mend: 'See its log, mend that (vm.overcommit_memory = 1, room on the disk), and let BGSAVE succeed once.',
  },
  'snapshot-room-unknown': fine('How much memory its machine has is not told.'),
  writable: fine('The target takes writes.'),
  'writable-too-few-replicas': {
    found: 'The target wants {wanted} replicas to take writes and has {connected}.',
    why: 'It refuses every write until then.',
    mend: 'Connect its replicas, or lower min-replicas-to-write.',
  },
  'writable-not-after-failed-save': {
    found: '[{address}|The target] could not save its data to disk and takes no writes.',
    why: 'It refuses every write until a save succeeds.',
    mend: 'Make room on its disk or mend the folder, and let BGSAVE succeed once.',
  },
  'writable-still-loading': {
    found: '[{address}|The target] is still loading its data.',
    why: 'Until that is done it takes no writes.',
    mend: 'Wait, then run the checks again.',
  },
  'persistence-same': fine('The target keeps its data as safe as the source does.'),
  'persistence-none': {
    found: 'The source keeps its data on disk, the target does not.',
    why: 'After a restart the target would be empty: during the task the copy begins anew, later the data are gone.',
    mend: 'Switch on its append-only file or snapshots before applications move.',
  },
  'clocks-agree': fine('Both clocks agree within {ms} ms.'),
  'clocks-apart': {
    found: 'The clocks of source and target are {ms} ms apart.',
    why: 'Expiries are moments in time: on the target keys live that much longer or shorter.',
    mend: 'Set both clocks, by NTP for instance.',
  },
  'clocks-unknown': fine('The clocks may not be asked for.'),
}
