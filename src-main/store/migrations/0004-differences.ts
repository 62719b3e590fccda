/** What `user_version` 4 is: the differences of a task's newest comparison are kept beside it. */
export const differences = `
CREATE TABLE differences (
  task_id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
  found TEXT NOT NULL
) STRICT;`
