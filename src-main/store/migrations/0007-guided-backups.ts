/** What `user_version` 7 is: moves by backup, step by step. `body` is JSON without secrets; the links are one. */
export const guidedBackups = `
CREATE TABLE guided_backups (
  id TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  source_secret BLOB,
  target_secret BLOB,
  inputs_secret BLOB,
  owner_pid INTEGER,
  owner_seen_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
`
