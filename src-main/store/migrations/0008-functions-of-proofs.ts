/** What was `false` also where nothing had been compared is said of those proofs that did compare. */
const found = (proof: string, rules: string): string => `CASE
    WHEN json_extract(${proof}, '$.functionsDiffer') THEN 'differ'
    WHEN json_extract(${proof}, '$.mode') = 'counts' THEN 'counts'
    WHEN ${rules} THEN 'left-out'
    ELSE 'equal' END`

const taskProof = `json_extract(record, '$.proof.result')`
const guidedProof = `json_extract(body, '$.proof')`

/** Rules that choose among keys: with them no function library went along. */
const chooses = ['include', 'dbs', 'types', 'slots']
  .map((rule) => `json_array_length(body, '$.options.rules.${rule}') > 0`)
  .join(' OR ')

/** What `user_version` 8 is: a proof tells what was found of function libraries, or why they were not compared. */
export const functionsOfProofs = `
UPDATE tasks SET record = json_remove(json_set(record, '$.proof.result.functions',
    ${found(taskProof, `(${chooses})`)}), '$.proof.result.functionsDiffer')
  WHERE json_type(record, '$.proof.result.functionsDiffer') IS NOT NULL;
UPDATE guided_backups SET body = json_remove(json_set(body, '$.proof.functions',
    ${found(guidedProof, 'false')}), '$.proof.functionsDiffer')
  WHERE json_type(body, '$.proof.functionsDiffer') IS NOT NULL;
`
