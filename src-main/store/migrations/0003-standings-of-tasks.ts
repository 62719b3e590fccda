const figures = [
  'phase',
  'guard',
  'snapshotTotal',
  'copiedBytes',
  'copiedKeys',
  'sourceKeys',
  'targetKeys',
  'lagBytes',
  'writesPerSecond',
]
  .map((name) => `'${name}', json_extract(record, '$.progress.${name}')`)
  .join(', ')

/** The address of a side as `addressOf` said it when this was released. */
const address = (side: string): string => `
  coalesce(json_extract(body, '$.${side}.sentinel.master') || '@', '')
  || CASE WHEN instr(json_extract(body, '$.${side}.host'), ':') > 0
     THEN '[' || json_extract(body, '$.${side}.host') || ']' ELSE json_extract(body, '$.${side}.host') END
  || ':' || json_extract(body, '$.${side}.port')`

/** What `user_version` 3 is: beside its record a task has what lists show of it, so that they need not read that. */
export const standingsOfTasks = `
ALTER TABLE tasks ADD COLUMN from_address TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN to_address TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN standing TEXT NOT NULL DEFAULT '{}';
UPDATE tasks SET
  from_address = coalesce(${address('source')}, ''),
  to_address = coalesce(${address('target')}, ''),
  standing = json_object(
    'startedAt', json_extract(record, '$.startedAt'),
    'endedAt', json_extract(record, '$.endedAt'),
    'checkedAt', json_extract(record, '$.checks.ranAt'),
    'inStep', json(iif(json_extract(record, '$.inStepSince') IS NULL, 'false', 'true')),
    'progress', json(iif(json_type(record, '$.progress') = 'object', json_object(${figures}), 'null')),
    'freeze', coalesce(json_extract(record, '$.freeze.state'), 'none'),
    'proving', json(iif(json_extract(record, '$.proof.running'), 'true', 'false')));
CREATE INDEX tasks_by_state ON tasks (state, state_since DESC);
CREATE INDEX tasks_of_profile ON tasks (profile_id, state);
`
