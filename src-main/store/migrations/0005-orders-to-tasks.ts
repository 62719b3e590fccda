/** What `user_version` 5 is: one process may leave word for the one that works on a task. */
export const ordersToTasks = `
ALTER TABLE tasks ADD COLUMN wanted TEXT;
`
