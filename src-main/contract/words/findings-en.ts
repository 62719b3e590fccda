import type { FindingsOf } from './say-finding.ts'

const fine = (found: string): { found: string; why: string; mend: string } => ({ found, why: '', mend: '' })

export const findingsEn: FindingsOf = {
  reachable: fine('{address} answers[ within {ms} ms].'),
  'not-reachable': {
    found: '[{address}|The server] cannot be reached or does not let us in.',
    why: 'Without it nothing can be copied.',
    mend: 'Check address, port and password; open the port for this machine in the firewall or security group.',
  },
  'role-master': fine('[{address}|It] is a primary.'),
  'role-replica': {
    found: '[{address}|The target] is a replica.',
    why: 'A replica takes no writes, and its primary would overwrite it.',
    mend: 'Name its primary instead, or make it a primary first.',
  },
  'role-replica-source': {
    found: '[{address}|The source] is a replica.',
    why: 'It can be copied and followed, but writes cannot be frozen there.',
    mend: 'Name its primary if you want to freeze writes at the cutover.',
  },
  'replica-link-down': {
    found: '[{address}|The source] is a replica that has lost its primary.',
    why: 'It would hand on a data set that is out of date.',
    mend: 'Name its primary, or wait until the link is up.',
  },
  'mode-unsupported': {
    found: '[{address}|The server] runs as {mode}.',
    why: 'This version moves standalone servers only.',
    mend: 'Name a standalone server.',
  },
  'version-fine': fine('The version is {version}.'),
  'version-older': {
    found: 'The version is {version}[, older than {needed}].',
    why: 'An older server may not know every type and encoding of the newer one.',
    mend: 'Use a target at least as new as the source, or see that no newer type is in use.',
  },
  'version-other-product': {
    found: 'Source {source} and target {target} belong to different families.',
    why: 'What each added since they parted, such as expiring hash fields, is not known to the other in the same form.',
    mend: 'See that none of it is in use; the proof will show what did not fit.',
  },
  'psync-allowed': fine('Our account may follow the replication stream.'),
  'psync-refused': {
    found: 'Our account may not use PSYNC[ at {address}].',
    why: 'Without the replication stream the source cannot be followed.',
    mend: 'Give the account the commands psync and replconf, or use one that has them.',
  },
  'config-allowed': fine('Our account may read and change settings.'),
  'config-refused': {
    found: 'Our account may not change settings[ at {address}].',
    why: 'Settings stay as they are, and writes cannot be frozen by Keyferry.',
    mend: 'Give the account CONFIG, or make the settings by hand and stop the writers yourself at the cutover.',
  },
  'backlog-enough': fine('The replication backlog holds {found:bytes}.'),
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
  'setting-unreadable': {
    found: 'The setting {name} cannot be read[ at {address}].',
    why: 'Whether it is large enough is not known.',
    mend: 'Give the account CONFIG, or look it up in the console of your provider.',
  },
  empty: fine('The target is empty, or holds only what this task has copied.'),
  'not-empty': {
    found: 'The target holds {keys:keys} already.',
    why: 'They would be mixed with those of the source.',
    mend: 'Use an empty target, or choose in the options to overwrite keys of the same name.',
  },
  'not-empty-replace': {
    found: 'The target holds {keys:keys} already.',
    why: 'Those that also exist in the source take its value and cannot be brought back.',
    mend: 'Use an empty target if any of them is still needed.',
  },
  'memory-enough': fine('The target has {free:bytes} free; about {needed:bytes} are needed.'),
  'memory-unlimited': fine('The target has no memory limit.'),
  'memory-short': {
    found: 'The target has {free:bytes} free; about {needed:bytes} are needed.',
    why: 'A target that runs full refuses writes, and the copy stands still.',
    mend: 'Raise its memory limit, or use a larger target.',
  },
  'memory-unknown': {
    found: 'How much memory is used and free could not be read.',
    why: 'A target that runs full refuses writes, and the copy stands still.',
    mend: 'Compare both sizes in the console of your provider.',
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
  'databases-enough': fine('Every database of the source has its place in the target.'),
  'databases-too-few': {
    found: 'The source uses database {highest}; the target has only {databases} of them.',
    why: 'What lies beyond would have no place.',
    mend: 'Give the target more databases in its configuration.',
  },
  'different-servers': fine('Source and target are different servers.'),
  'same-server': {
    found: 'Source {source} and target {target} are the same server, or one already feeds the other.',
    why: 'A server cannot be copied into itself.',
    mend: 'Name another target.',
  },
  'still-running': fine('Being looked at.'),
  'no-answer-in-time': {
    found: 'There was no answer[ within {ms} ms].',
    why: 'What it would have found is not known.',
    mend: 'Run the checks again; if it stays so, look at the load of the server and the network.',
  },
  'waits-for-connection': fine('Passed over until the server can be reached.'),
}
