import { findingsOfFitEn } from './findings-fit-en.ts'
import { findingsOfStandingEn } from './findings-standing-en.ts'
import { fine, type FindingsOf } from './finding-words.ts'

export const findingsEn: FindingsOf = {
  ...findingsOfStandingEn,
  ...findingsOfFitEn,
  reachable: fine('{address} answers[ within {ms} ms].'),
  'not-reachable': {
    found: '[{address}|The server] cannot be reached or does not let us in.',
    why: 'Without it nothing can be copied.',
    mend: 'Check address, port and password; open the port for this machine in the firewall or security group.',
  },
  'role-master': fine('[{address}|It] is a master.'),
  'role-cluster': fine(
    '[{address}|It] belongs to a cluster of {masters} masters, and every slot has an owner.',
  ),
  'cluster-not-whole': {
    found:
      'The cluster of [{address}|the target] does not take every command: {covered} of its 16384 slots have an owner.',
    why: 'Keys of the other slots would have no place.',
    mend: 'See "redis-cli --cluster check" and "--cluster fix".',
  },
  'role-replica': {
    found: '[{address}|The target] is a replica.',
    why: 'A replica takes no writes, and its master would overwrite it.',
    mend: 'Name its master instead, or make it a master first.',
  },
  'role-replica-source': {
    found: '[{address}|The source] is a replica.',
    why: 'It can be copied and followed, but writes cannot be frozen there.',
    mend: 'Name its master if you want to freeze writes at the cutover.',
  },
  'replica-link-down': {
    found: '[{address}|The source] is a replica that has lost its master.',
    why: 'It would hand on a data set that is out of date.',
    mend: 'Name its master, or wait until the link is up.',
  },
  'mode-unsupported': {
    found: '[{address}|The server] runs as {mode}.',
    why: 'This version moves standalone servers only.',
    mend: 'Name a standalone server.',
  },
  'version-fine': fine('The version is {version}.'),
  'version-older': {
    found: 'The version is {version}[, older than {needed}].',
    why: 'Commands it does not know are said in older words; what it has no type for is left out, and told.',
    mend: 'Use a target at least as new as the source, or see that no newer type is in use.',
  },
  'version-too-old': {
    found: 'The version is {version}; following it live needs {needed} or later.',
    why: 'An older server keeps no promise that a live migration stands on.',
    mend: 'Move the data by a backup and a restore instead, which go from and into any version.',
  },
  'version-other-product': {
    found: 'Source {source} and target {target} belong to different families.',
    why: 'What each added since they parted, such as expiring hash fields, is not known to the other in the same form.',
    mend: 'See that none of it is in use; the proof will show what did not fit.',
  },
  'psync-allowed': fine('Our account may follow the replication stream.'),
  'sync-alone': {
    found: '{address} runs {version}, which knows no PSYNC: it is followed by SYNC.',
    why: 'It cannot go on from an offset: whenever the link to it is lost, Keyferry is restarted or the task is paused, the source makes another snapshot and all of it is copied again. A target that held other keys before cannot be copied into again.',
    mend: 'Use a steady link and an empty target, leave the task running until the cutover, or accept this.',
  },
  'psync-refused': {
    found: 'Our account may not use PSYNC[ at {address}].',
    why: 'Without the replication stream the source cannot be followed.',
    mend: 'Give the account the commands psync and replconf, or use one that has them.',
  },
  'replica-not-preferred': fine('The master itself is read.'),
  'replica-itself': fine('{address} is no master: it is followed as it was named.'),
  'replica-found': fine(
    'The stream will be had from the replica {replica}; the master makes no snapshot for us.',
  ),
  'replica-none': {
    found: 'None of the {replicas} replicas of {address} can be followed now.',
    why: 'The stream is had from the master then, which has to make the snapshot. A replica is followed where its link is up, it lacks less than 64 MiB, its version is 4.0 or later, and our account is let in there at the address that the master tells.',
    mend: 'See that a replica is in step, that this machine reaches it and that our account is known there (users are not replicated), or accept this.',
  },
  'scan-instead': {
    found:
      'Our account may not follow the replication stream[ at {address}]: the source will be read key by key.',
    why: 'A change may be seen late, and what a value was in between may be skipped; the source answers a SCAN, a DUMP of each key, and full comparisons. Only after the freeze does a last comparison make both sides equal, and it takes as long as reading all keys.',
    mend: 'Give the account psync, sync and replconf to follow the stream instead, or accept this.',
  },
  'scan-chosen': {
    found: 'The source[ {address}] will be read key by key, as chosen.',
    why: 'A change may be seen late, and what a value was in between may be skipped; the source answers a SCAN, a DUMP of each key, and full comparisons. Only after the freeze does a last comparison make both sides equal, and it takes as long as reading all keys.',
    mend: 'Choose the replication stream where the source allows it, or accept this.',
  },
  'scan-needs-none': fine('Of no matter here: the source is read key by key.'),
  'events-not-needed': fine('Not needed: the replication stream tells of every change.'),
  'events-told': fine('The source tells which keys are changed[ ({name} is {found})].'),
  'events-will-set': fine(
    'The source does not yet tell of all changes; {name} is set to {during} and put back after.',
  ),
  'events-off': {
    found: 'The source does not tell of all changes[: {name} is "{found}"].',
    why: 'Changes would be found only by comparing both sides over and over: late, and at a cost to both.',
    mend: 'Set {name} to {during} for the time of the migration.',
  },
  'events-refused': {
    found: 'Our account may not listen to what is changed[ at {address}].',
    why: 'Changes would be found only by comparing both sides over and over: late, and at a cost to both.',
    mend: 'Give the account the command psubscribe and the channels (ACL: +psubscribe &__keyevent@*).',
  },
  'events-unknown': {
    found: 'Whether the source tells of changes cannot be seen[: {name} may not be read].',
    why: 'Where it does not, changes are found only by comparing both sides over and over.',
    mend: 'Set {name} to AE, as the provider has it set; what the source tells is then heard.',
  },
  'config-allowed': fine('Our account may read and change settings.'),
  'config-refused': {
    found: 'Our account may not change settings[ at {address}].',
    why: 'Settings stay as they are, and writes cannot be frozen by Keyferry.',
    mend: 'Give the account CONFIG, or make the settings by hand and stop the writers yourself at the cutover.',
  },
  'rights-enough': fine('Our account may run every command that is needed.'),
  'rights-missing': {
    found: 'Our account may not run: {commands}[ at {address}].',
    why: 'Without them the migration would stop in the middle.',
    mend: 'Give the account these commands on all keys (~*), or use one that has them.',
  },
  'freeze-allowed': fine('Our account may freeze writes.'),
  'freeze-refused': {
    found: 'Our account may not freeze writes; it lacks: {commands}[ at {address}].',
    why: 'At the cutover Keyferry cannot keep applications from writing, and what they write last may be lost.',
    mend: 'Give the account these commands, or stop the writers yourself at the cutover.',
  },
  'backlog-enough': fine(
    '[The replication backlog holds {found:bytes}.|This version keeps no replication backlog.]',
  ),
  'backlog-small': {
    found: 'The replication backlog holds {found:bytes}.',
    why: 'After a short break of the link everything would have to be copied again.',
    mend: 'Raise it to {during:bytes} for the time of the migration.',
  },
  'backlog-will-raise': fine(
    'The replication backlog holds {found:bytes}; it is raised to {during:bytes} and put back after.',
  ),
  'buffer-enough': fine('The output buffer for replicas is large enough: {found}.'),
  'buffer-small': {
    found: 'The output buffer for replicas is limited: {found}.',
    why: 'A burst of writes during the copy may cut our link, and the copy would begin anew.',
    mend: 'Set it to {during} for the time of the migration.',
  },
  'buffer-will-raise': fine(
    'The output buffer for replicas is limited ({found}); the limit is lifted and put back after.',
  ),
  'timeout-enough': fine('A replica may be silent for {found} s.'),
  'timeout-short': {
    found: 'A replica that is silent for {found} s is given up.',
    why: 'A slow moment during the copy may cut our link, and the copy would begin anew.',
    mend: 'Set it to {during} s for the time of the migration.',
  },
  'timeout-will-raise': fine(
    'A replica that is silent for {found} s is given up; raised to {during} s and put back after.',
  ),
  'idle-enough': fine('Connections that are silent for a while stay open[ ({found} s)].'),
  'idle-short': {
    found: 'Connections that are silent for {found} s are closed[ by {address}].',
    why: 'Ours would be lost whenever nobody writes for so long, and made anew each time.',
    mend: 'Set it to {during} s for the time of the migration.',
  },
  'idle-will-raise': fine(
    'Connections that are silent for {found} s are closed; raised to {during} s and put back after.',
  ),
  'value-size-enough': fine('A value may be as long as Redis allows[: {found:bytes}].'),
  'value-size-small': {
    found: 'A command may bring no more than {found:bytes} at once.',
    why: 'A longer value of the source would be refused.',
    mend: 'Raise it to {during:bytes} for the time of the migration.',
  },
  'value-size-will-raise': fine(
    'A command may bring no more than {found:bytes} at once; raised to {during:bytes} and put back after.',
  ),
  'setting-unreadable': {
    found: 'The setting {name} cannot be read[ at {address}].',
    why: 'Whether it is large enough is not known.',
    mend: 'Give the account CONFIG, or look it up in the console of your provider.',
  },
  'eviction-off': fine('The target throws no keys out when it is full.'),
  'eviction-on': {
    found: 'The target throws keys out when it is full ({found}).',
    why: 'Keys that were copied may be gone again, without a word.',
    mend: 'Set maxmemory-policy to noeviction for the time of the migration.',
  },
  'eviction-will-set': fine(
    'The target throws keys out when it is full ({found}); that is switched off and put back after.',
  ),
  'different-servers': fine('Source and target are different servers.'),
  'same-instance': {
    found: 'Source {source} and target {target} were given the same instance id, {instance}.',
    why: 'An instance that is migrated into itself would lose what it holds.',
    mend: 'Name two different instances, or put the id right where it is wrong.',
  },
  'same-server': {
    found: 'Source {source} and target {target} are the same server, or one already feeds the other.',
    why: 'A server cannot be copied into itself.',
    mend: 'Name another target.',
  },
  'source-named-twice': {
    found: '{address} and {other} hold the same data: one is the other, or its replica.',
    why: 'Everything would be copied twice, and each write applied twice.',
    mend: 'Take one of the two out of the sources. Of a cluster one node is enough: all masters are found.',
  },
  'still-running': fine('Being looked at.'),
  'no-answer-in-time': {
    found: 'There was no answer[ within {ms} ms].',
    why: 'What it would have found is not known.',
    mend: 'Run the checks again; if it stays so, look at the load of the server and the network.',
  },
  'waits-for-connection': fine('Passed over until the server can be reached.'),
}
