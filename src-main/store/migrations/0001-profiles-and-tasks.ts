/** What `user_version` 1 is. Secrets are sealed bytes; everything in `body` and `record` is JSON without any. */
export const profilesAndTasks = `
CREATE TABLE profiles (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  body TEXT NOT NULL,
  source_secret BLOB,
  target_secret BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tasks (
  id TEXT PRIMARY KEY,
  profile_id TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  source_secret BLOB,
  target_secret BLOB,
  state TEXT NOT NULL,
  state_since INTEGER NOT NULL,
  record TEXT NOT NULL,
  owner_pid INTEGER,
  owner_seen_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  level TEXT NOT NULL,
  code TEXT NOT NULL,
  params TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_task ON events (task_id, id);

CREATE TABLE samples (
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  figures TEXT NOT NULL,
  PRIMARY KEY (task_id, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  note TEXT NOT NULL,
  secret BLOB,
  written_at INTEGER NOT NULL,
  closed_at INTEGER,
  outcome TEXT
) STRICT;
CREATE INDEX journal_open ON journal (task_id, kind) WHERE closed_at IS NULL;
`
