import type { EventsOf } from './say-event.ts'

export const eventsEn: EventsOf = {
  'run.resumed': 'Goes on from where the target stands[ (offset {resumedAt:count})].',
  'source.flush-decided': 'What was decided on {command} is done.',
  'source.full-resync': 'The source sends all its data[ (from offset {offset:count})].',
  'source.partial-resync': 'The source goes on sending[ from offset {offset:count}]; nothing was missed.',
  'source.new-replid': 'The source goes on under a new replication id, as after a failover.',
  'source.replica': 'The stream is had from the replica {replica}.',
  'source.no-replica':
    'None of its {replicas} replicas can be followed now: the stream is had from the master.',
  'source.lost': 'The link to the source was lost; it is sought again.',
  'source.gone-at-end':
    'The target had lost some of the last writes and has them again; the source no longer answers, so expiries that only it could confirm are as its stream told them.',
  'copy.done': 'The full copy is in[: {keys:keys}][, {bytes:bytes}].',
  'copy.cleared': 'The target was emptied of an earlier copy, because the source could not go on from it.',
  'target.lost': 'The link to the target was lost; it is sought again.',
  'target.restarted': 'The target was restarted.',
  'target.rolled-back': 'The target fell back to an older state and is fed again[ from offset {to:count}].',
  'target.fenced': 'Older connections of this task were closed[: {count}].',
  'apply.command-failed': 'A command failed at the key {key}[ of database {db}]; the key is copied afresh.',
  'apply.unknown-command': 'The command {command} is not known to us; it is applied as it came.',
  'apply.cannot-hold': 'The target cannot hold what {command} writes; it is left out.',
  'apply.not-by-rules':
    'The rules for keys cannot be applied to {command}, and which keys it changes is not told; it is left out. Compare both sides.',
  'copy.begun-anew':
    'What {command} means under the rules for keys only a new copy tells: the source is copied anew.',
  'apply.not-in-cluster':
    'A cluster cannot do {command}, and which keys it changes is not told; it is left out. Compare both sides.',
  'copy.cannot-hold': 'The target cannot hold the value of the key {key}[ of database {db}]; it is left out.',
  'repair.done': 'Keys were copied afresh[: {count}].',
  'expiry.beyond-guard': 'The key {key}[ of database {db}] expires so late that it is left as it is.',
  'expiry.settled': 'Every expiry of the target is at its own time again.',
  'order.refused': 'The order {order} was not carried out[: {reason}].',
  'expiry.guarded-again': 'The expiries of the target are guarded again.',
  'scan.begun':
    'The source[ {source}] is read key by key: a change may be seen late, and what a value was in between may be skipped. Once writes are frozen, a last comparison makes both sides equal.',
  'scan.gap': 'Something may have been changed at the source without a word: both sides are compared.',
  'scan.unheard':
    'The source tells of no changes: they are found only by comparing both sides, over and over.',
  'scan.reconciled': 'Both sides were compared[ in {keys:keys}]: {differing:count} brought over once more.',
  'scan.too-large':
    'The value of the key {key}[ of database {db}] is too large to be read in one answer, and of a type that does not come in pieces; it is left out.',
  'scan.unequal': 'Keys that differ however often they are written[: {keys}]; the proof tells which.',
  'task.state': 'From “{from}” to “{to}”.',
  'checks.done':
    'Checks: passed {passed}, warnings {warnings}, failed {failed}[, waiting for these {skipped}].',
  'checks.accepted': 'The warning of the check “{check}” was accepted.',
  'schedule.armed': 'It will be started at {when}.',
  'schedule.disarmed': 'It will not be started by itself any more[ (it was to be at {when})].',
  'schedule.missed': 'It was not started[ at {when}]: {code}',
  'way-back.open':
    'The way back is open: what is written to the target[ from offset {offset:count} on] goes to the source, which stays frozen.',
  'way-back.not-opened': 'The way back could not be opened: {code} The migration was finished without one.',
  'way-back.closed': 'The way back was closed: the target stays the original.',
  'way-back.rolled-back': 'Rolled back: the source is the original again.',
  'command.done': 'The command at the cutover, {program}, ended well[ after {ms:duration}].',
  'command.lost':
    'Keyferry was ended while the command at the cutover, {program}, ran; it may have done its work.',
  'command.skipped': 'Finished without the command at the cutover, {program}, because somebody said so.',
  'command.failed': 'The command at the cutover, {program}, failed: {reason}[. It said: {said}].',
  'move.done':
    'The keys that have arrived were deleted from the source: {deleted:count}[; {kept:keys} stay there, because the target has none of that name].',
  'move.ended':
    'Deleting from the source ended after {deleted:count} keys: {code} The others are still there.',
  'settings.changed': 'Set {name} of the {side}[ {server}] to “{now}” (it was “{before}”).',
  'settings.mended': 'Set {name} of the {side}[ {server}] to “{now}” for good (it was “{before}”).',
  'settings.restored': 'Put {name} of the {side}[ {server}] back to “{value}”.',
  'settings.left': 'Left {name} of the {side}[ {server}] alone: somebody else has set it to “{found}”.',
  'settings.by-hand': 'Could not set {name} of the {side}[ {server}] to “{value}”; please do it by hand.',
  'freeze.done': 'Writes are frozen[ at offset {offset:count}]; connections signed out: {clients:count}.',
  'freeze.drained': 'The last write before the freeze has arrived[ after {ms:duration}].',
  'freeze.broken': 'The freeze was broken[ at {address}]: {breach} Any proof before is void.',
  'freeze.again': 'The old server was frozen again; connections signed out: {clients:count}.',
  'freeze.undone': 'Password and users of the source are as they were.',
  'freeze.undo-by-hand':
    'Keyferry has changed nothing at the source: whoever shut the writers out lets them in again.',
  'freeze.changed-meanwhile': 'Somebody else changed {what} while it was frozen; that was left alone.',
  'freeze.left': 'The source was left frozen; a restart of it would undo that.',
  'target.locked': 'The target is locked for everybody else; connections signed out: {clients:count}.',
  'target.lock-broken':
    'The lock of the target was broken[ at {address}]: {breach} Others may have written there meanwhile.',
  'target.unlocked': 'The target lets everybody in as before.',
  'target.lock-changed':
    'Somebody else changed {what} of the target while it was locked; that was left alone.',
  'target.foreign-client':
    'Somebody else writes to the target: {client}[ ({name})] ran {command}. Until the cutover it is ours alone.',
  'target.foreign-write':
    'Somebody else changed [the key {key}|everything] in the target after the freeze; any proof before is void.',
  'target.evicted':
    'The target threw out {keys:keys} for want of memory; compare in full before the cutover.',
  'proof.done': 'Both sides were compared: {differing:count} differences[ in {keys:keys}].',
  'proof.repaired':
    'What differed was repaired: {written:keys} written again[, {deleted:keys} deleted]. Both sides are compared anew.',
  'pause.ended': 'The write pause took {ms:duration}.',
  'task.failed': 'Something needs you: {code}.',
  'task.consented': 'Finished with typed consent, {reason}.',
}
