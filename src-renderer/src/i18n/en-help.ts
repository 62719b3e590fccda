/** The words of the help and of the pages about failures. */
export const enHelp = {
  help: 'Help',
  'help.keys': 'Keyboard',
  'help.key.help': 'This help',
  'help.key.primary': 'The main action of the page',
  'help.key.next': 'Next control, previous control',
  'help.key.choose': 'Another choice of a group',
  'help.key.close': 'Close what is open above the page',
  'help.questionMark': 'Open this help with the ? key too',
  'help.failures': 'All failures and what to do',
  'help.start':
    'Three ways to begin: a live server, a backup file, or a trial. Nothing is touched before you have seen the plan and started it.',
  'help.tasks':
    'Every run of a migration: under way, not started, over. Open one to see what it needs from you.',
  'help.task.overview':
    'How far the copy is, how far the target lags behind, and what is safe. When both sides are in step, cut over.',
  'help.task.freeze':
    'What a freeze will do on the source, command by command, and how each is undone. Nothing is done before you freeze.',
  'help.task.cutover':
    'The way from in step to finished, one leg after another. It says who acts: you or Keyferry. Until the end everything can be put back.',
  'help.task.proof': 'Whether both sides hold the same, and each key that differs.',
  'help.profiles': 'Migrations you have planned. Open one to change it, copy it, or run it again.',
  'help.migration.source':
    'The server applications use today. Test the connection: it shows what Keyferry may do there.',
  'help.migration.target':
    'The server applications will use. Nobody else may write to it while the migration runs.',
  'help.migration.scope':
    'Everything goes along unless something is chosen here. The rules stay as they are once the migration has begun.',
  'help.migration.options': 'Each choice says what follows from it. The defaults are the careful ones.',
  'help.migration.check': 'Both sides are looked at. What stands in the way says why, and how to mend it.',
  'help.migration.review': 'The whole plan in sentences. Each leads back to where it was decided.',
  'help.restores': 'What was restored from backup files, under way and ended.',
  'help.readiness':
    'Whether applications could use a cluster as they are: told from what they ask a server, or from an append-only file.',
  'help.guided-backup':
    'The steps of a move by backup, who acts at each, and how it stands. It is kept: close this and come back whenever you like.',
  'help.restore': 'How far the file is in, what is safe so far, and at the end what was left out and why.',
  'help.restore-new.file':
    'Name one or more backups. Each is read from end to end and its checksum compared; nothing is changed by it.',
  'help.restore-new.target':
    'The server the keys go to. Test the connection to see its version, its memory and what it holds.',
  'help.restore-new.scope':
    'Which keys go along, and under which name, in which database, with which expiry.',
  'help.restore-new.options':
    'What happens to keys already there, to what the target cannot hold, and how fast it goes.',
  'help.restore-new.review':
    'The plan in sentences. A dry run shows beforehand, key by key, what would be written where.',
  'help.failures.place':
    'Every failure Keyferry can tell, with what is safe and what to do. Search by code or by words.',
  'help.nowhere': 'The address leads to no place of Keyferry. The places are at the side.',
  'failures.search': 'Code or words',
  'failures.none': 'No failure is called so',
  'failures.count_one': '{n} failure',
  'failures.count_other': '{n} failures',
  'failure.about': 'About this failure',
  'failure.means': 'What it means',
  'failure.once': 'Once writing has begun',
  'failure.again': 'Trying again',
  'failure.again.helps': 'Can help; in the middle of a job it is done without asking.',
  'failure.again.helpsNot': 'Does not help until the cause is mended.',
} as const
