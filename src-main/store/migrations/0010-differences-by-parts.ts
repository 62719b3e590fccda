/**
 * What `user_version` 10 is: differences are kept in parts, each of `count` of them from the `first` on, so that a page of a
 * long list is read without all the others.
 */
export const differencesByParts = `
CREATE TABLE difference_parts (
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  first INTEGER NOT NULL,
  count INTEGER NOT NULL,
  found TEXT NOT NULL,
  PRIMARY KEY (task_id, first)
) STRICT, WITHOUT ROWID;
INSERT INTO difference_parts SELECT task_id, 0, json_array_length(found), found FROM differences;
DROP TABLE differences;
`
