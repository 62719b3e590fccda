const sides = ['source', 'target'] as const

const widened = (table: string): string =>
  sides
    .map(
      (side) => `
UPDATE ${table} SET body = json_set(body, '$.${side}.via', json('null'), '$.${side}.sentinel', json('null'),
  '$.${side}.secretsKept', json('{}'))
WHERE json_type(body, '$.${side}') = 'object' AND json_type(body, '$.${side}.secretsKept') IS NULL;`,
    )
    .join('')

/** What `user_version` 2 is: each side of a plan says by what way it is reached. Until then it was directly. */
export const waysOfEndpoints = widened('profiles') + widened('tasks')
