/** Has the revisions of some lists go up after something was done to a table. */
const raised = (table: string, deed: string, when: string, names: readonly string[]): string => `
CREATE TRIGGER IF NOT EXISTS ${table}_${deed.replace(/ .*/, '').toLowerCase()} AFTER ${deed} ON ${table} ${when}
BEGIN
  UPDATE revisions SET revision = revision + 1 WHERE name IN (${names.map((name) => `'${name}'`).join(', ')});
END;`

const byAnyDeed = (table: string, names: readonly string[]): string =>
  ['INSERT', 'UPDATE', 'DELETE'].map((deed) => raised(table, deed, '', names)).join('')

/**
 * What `user_version` 9 is: it is counted how often what consoles list was changed, whoever did it. What a list tells of
 * others counts: a connection says which profiles use it, a profile how many tasks of it are open and whether its command
 * has consent.
 */
export const revisions = `
CREATE TABLE IF NOT EXISTS revisions (
  name TEXT PRIMARY KEY,
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO revisions VALUES ('profiles', 1), ('connections', 1), ('guidedBackups', 1), ('preferences', 1);
${byAnyDeed('profiles', ['profiles', 'connections'])}
${byAnyDeed('connections', ['connections'])}
${byAnyDeed('preferences', ['preferences', 'profiles'])}
${raised('tasks', 'UPDATE OF state', 'WHEN old.state IS NOT new.state', ['profiles'])}
${raised('tasks', 'DELETE', '', ['profiles'])}
${raised('guided_backups', 'INSERT', '', ['guidedBackups'])}
${raised('guided_backups', 'UPDATE OF body, owner_pid', '', ['guidedBackups'])}
${raised('guided_backups', 'DELETE', '', ['guidedBackups'])}
`
