import type { FreezeView } from '#contract/freeze.ts'
import { count } from './figures.ts'

/** What a person does where the source lets nobody change its passwords; `how` a new password is made known to us. */
export function byHandSteps(how: string): string {
  return `Shut the writers out now, in whichever way the source has:
  - in the service's console, change the password, and close the connections there are (to give the new password
    here as well, ${how}); or
  - in its firewall or security group, let only this machine and the replicas in; or
  - stop the applications.
Keyferry watches, and goes on once nobody is left who could write, and nothing was written for two seconds.`
}

/** What is left to be shut out. */
export function handsLine({
  foreignClients,
  writesPerSecond,
}: Pick<FreezeView, 'foreignClients' | 'writesPerSecond'>): string {
  const clients = foreignClients === null ? '' : `${count(foreignClients)} other clients, `
  return `${clients}${count(writesPerSecond ?? 0)} writes a second`
}
