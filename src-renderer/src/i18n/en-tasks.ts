/** The words of the list of tasks and of what is done with several. */
export const enTasks = {
  'tasks.empty': 'No migrations yet',
  'tasks.empty.cause': 'Each run of a migration is listed here, with its state and what has to be done next.',
  'tasks.unstarted': 'Not started',
  'tasks.history': 'History',
  'tasks.task': 'Task',
  'tasks.detail': '{keys} · lag {lag} · {writes} writes/s',
  'tasks.search': 'Search the history by name or address',
  'tasks.search.none': 'Nothing in the history matches.',
  'tasks.more_one': 'Show {n} more',
  'tasks.more_other': 'Show {n} more',
} as const
