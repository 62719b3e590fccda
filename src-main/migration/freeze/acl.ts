import { createHash } from 'node:crypto'
import { atLeast } from '#engine/redis/version.ts'
import type { Command } from '#engine/redis/transaction.ts'

/**
 * ACL LIST lines as bytes, held one character a byte (latin1): patterns need not be UTF-8, and they have to
 * come back byte for byte.
 */
export type AclLine = string

export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** A typed password in the same form. */
export function latin1Of(password: string): string {
  return Buffer.from(password, 'utf8').toString('latin1')
}

/** The user a line is about: `user <name> <rules>` (acl.c, aclCommand LIST). */
export function userOf(line: AclLine): string {
  return line.split(' ', 2)[1] ?? ''
}

/** A line's rules after the name. A selector in parentheses (7.0 and later) is one rule. */
export function rulesOf(line: AclLine): readonly string[] {
  const rules: string[] = []
  let depth = 0
  for (const word of line.split(' ').slice(2)) {
    if (depth > 0) rules[rules.length - 1] += ` ${word}`
    else rules.push(word)
    if (depth === 0 && word.startsWith('(')) depth = 1
    if (depth === 1 && word.endsWith(')')) depth = 0
  }
  return rules
}

/**
 * Puts a user back to a line, byte for byte. Not by `reset`: on 6.2 and 7.0 that leaves `sanitize-payload`
 * behind, which the line may not have had.
 */
export function restoreUser(line: AclLine, version: string): Command {
  return [
    'ACL',
    'SETUSER',
    bytesOf(userOf(line)),
    'resetpass',
    'resetkeys',
    ...(atLeast(version, 6, 2) ? ['resetchannels'] : []),
    ...(atLeast(version, 7, 0) ? ['clearselectors'] : []),
    '-@all',
    ...rulesOf(line).map(bytesOf),
  ]
}

/**
 * Takes a user's writes away. `off` alone keeps new sign-ins out but lets connections that are in go on
 * writing; `-@write` bites those at once; selectors would keep their rights. One by which replicas or Sentinels
 * sign in `stays` on.
 */
export function switchOffUser(line: AclLine, version: string, stays = false): Command {
  return [
    'ACL',
    'SETUSER',
    bytesOf(userOf(line)),
    ...(stays ? [] : ['off']),
    '-@write',
    ...(atLeast(version, 7, 0) ? ['clearselectors'] : []),
  ]
}

/** Ours: signs in with the secret, may do all. */
export function makeOwnUser(name: string, secret: string, version: string): Command {
  return [
    'ACL',
    'SETUSER',
    name,
    'reset',
    'on',
    bytesOf(`>${secret}`),
    '~*',
    ...(atLeast(version, 6, 2) ? ['&*'] : []),
    '+@all',
  ]
}

export function isOff(line: AclLine): boolean {
  return rulesOf(line).includes('off')
}

/** Whether a line lets its user in with this secret and nothing else. */
export function onlyOpensWith(line: AclLine, secret: string): boolean {
  const rules = rulesOf(line)
  const passwords = rules.filter((rule) => rule.startsWith('#'))
  const own = `#${createHash('sha256').update(bytesOf(secret)).digest('hex')}`
  return !rules.includes('nopass') && passwords.length === 1 && passwords[0] === own
}
