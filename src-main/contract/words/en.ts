import type { LanguageWords } from './say-failure.ts'

/**
 * What cannot be known exactly: keys whose answers never came, or came after one that failed, may be there too.
 * `sent` is there as soon as something has been sent.
 */
const written =
  '[At least {written:keys} are already written and stay on the target.|{sent:if}Some keys may be written already; they stay on the target.|{reads:if}No data has been changed.|Nothing has been written to the target.]'
/** Where every answer was waited for. */
const exactly =
  '[{written:keys} were written and stay on the target.|{reads:if}No data has been changed.|Nothing has been written to the target.]'
const fileOnly =
  '[At least {written:keys} are already written and stay on the target.|{sent:if}Some keys may be written already; they stay on the target.|Nothing has been written; the file itself was only read.]'

/** The English words. The params of these sentences are the ones all languages have. */
export const en: LanguageWords = {
  locale: 'en',
  keys: (count, number) => `${number} ${count === 1 ? 'key' : 'keys'}`,
  failures: {
    'file.not-found': {
      what: 'There is no file[ {file}| at this path].',
      safe: written,
      todo: 'Check the path for a typing slip; a relative path starts from the folder Keyferry was started in.',
    },
    'file.not-readable': {
      what: 'The file[ {file}] may not be read by this user.',
      safe: written,
      todo: 'Give this user the right to read it, or run as a user who has it.',
    },
    'file.is-directory': {
      what: '[{file}|The path] is a folder, not a file.',
      safe: written,
      todo: 'Name the file inside it, usually dump.rdb.',
    },
    'file.empty': {
      what: 'The file[ {file}] is empty.',
      safe: written,
      todo: 'Wait until the backup or the download has ended, or make it again.',
    },
    'file.not-rdb': {
      what: 'The file[ {file}] is no backup of Redis: it begins neither as an RDB nor as an append-only file.',
      safe: written,
      todo: 'Name the RDB or append-only file itself; if it is inside an archive, unpack that first.',
    },
    'file.version-unsupported': {
      what: 'The file[ {file}] has RDB version[ {version}| of its own], which this Keyferry does not know.',
      safe: written,
      todo: 'Use a newer Keyferry, or make the backup with an older server.',
    },
    'file.truncated': {
      what: 'The file[ {file}] is cut off[ at byte {offset}][, inside the key {key}].',
      safe: fileOnly,
      todo: 'Fetch the file again and compare its size with the original.',
    },
    'file.crc-mismatch': {
      what: 'The content of the file[ {file}] does not match the checksum at its end.',
      safe: fileOnly,
      todo: 'Fetch the file again; if the original has the same fault, make a new backup.',
    },
    'file.corrupt': {
      what: 'The file[ {file}] is damaged[ at byte {offset}][, at the key {key}].',
      safe: fileOnly,
      todo: 'Fetch the file again; if the original has the same fault, make a new backup.',
    },
    'file.unknown-type': {
      what: 'The file[ {file}] holds a value of the unknown type[ {type}][ at byte {offset}][, under the key {key}].',
      safe: fileOnly,
      todo: 'Use a newer Keyferry; the report of "keyferry inspect" helps us to add the type.',
    },
    'file.changed': {
      what: 'The file[ {file}] changed while it was being read.',
      safe: fileOnly,
      todo: 'Wait until nobody writes to it, or copy it elsewhere, and start again.',
    },
    'file.packed': {
      what: 'The file[ {file}] is packed in a way that is not unpacked on the way.',
      safe: written,
      todo: 'Unpack it first; of packed files only .gz is read as it is.',
    },
    'file.no-room': {
      what: 'There is no room for it on the disk of the folder[ {folder}][: {needed:bytes} are needed, {free:bytes} can be taken].',
      safe: written,
      todo: 'Free space there, or name a folder on another disk[{console:if}| (--keep, -o, or TMPDIR for what does not stay)].',
    },
    'file.not-writable': {
      what: 'This user cannot write to[ {file}| the place named].',
      safe: written,
      todo: 'Make the folder and give this user the right to write there, or name another one.',
    },
    'file.exists': {
      what: 'The file[ {file}] is there already.',
      safe: 'It was left as it is.',
      todo: 'Name another file or folder[{console:if}|; dump and backup replace it with --force].',
    },
    'fetch.not-found': {
      what: 'There is nothing at[ {file}| this URL][ (HTTP {status})].',
      safe: written,
      todo: 'Check the URL for a typing slip, and whether the backup is still there.',
    },
    'fetch.refused': {
      what: 'The server refuses to hand out[ {file}| the file][ (HTTP {status})].',
      safe: written,
      todo: 'If it is a signed link, it may have expired: make a new one. Otherwise give the right to read it.',
    },
    'fetch.unavailable': {
      what: 'The server cannot hand out[ {file}| the file] at the moment[ (HTTP {status})].',
      safe: written,
      todo: 'Wait, or ask who runs that server; then start again.',
    },
    'fetch.broken': {
      what: 'The download[ of {file}] broke off[ after {done:bytes}].',
      safe: written,
      todo: 'Check the network between this machine and that server, then start again.',
    },
    'fetch.no-resume': {
      what: 'The download[ of {file}] broke off again and again, and the server hands out no part of a file.',
      safe: written,
      todo: 'Fetch the file in another way, or copy it to a server that answers Range requests.',
    },
    'fetch.changed': {
      what: 'The file[ {file}] was replaced by another one while it was being downloaded.',
      safe: written,
      todo: 'Start again when nobody writes to it any more.',
    },
    'fetch.redirect': {
      what: 'The server sends on from[ {file}| the URL] to[ {to}| a place] where nothing is fetched from.',
      safe: written,
      todo: 'Name the last address itself; nothing that began with https is fetched without encryption.',
    },
    'fetch.untrusted': {
      what: 'The certificate of the server[ of {file}] cannot be trusted[ ({reason})].',
      safe: written,
      todo: 'If your own authority has signed it, name its PEM file in NODE_EXTRA_CA_CERTS.',
    },
    'dump.refused': {
      what: 'The source[ {address}] does not hand out a snapshot[: {reply}].',
      safe: 'Nothing was changed at the source.',
      todo: 'Use a user who may copy it as a replica does (ACL: +psync +sync +replconf +ping); where the provider forbids that, have it make a backup and restore from its file or URL.',
    },
    'dump.broken': {
      what: 'The snapshot of the source[ {address}] broke off[ after {done:bytes}].',
      safe: 'Nothing was changed at the source, and no half file was left.',
      todo: 'Check the network, and whether the source drops slow replicas (client-output-buffer-limit) or stopped saving; then start again.',
    },
    'backup.not-made': {
      what: 'The source[ {address}] could not make a backup[ with {command}][: {reply}].',
      safe: 'Its data and its earlier backup are unharmed.',
      todo: 'Its log tells why: often its disk is full, its folder may not be written, or there is no memory for the fork.',
    },
    'backup.no-aof': {
      what: 'The source[ {address}] keeps no append-only file.',
      safe: 'Nothing was changed at the source.',
      todo: 'Make an RDB backup[{console:if}| (without --aof)], or switch appendonly on at the source.',
    },
    'guided-backup.not-found': {
      what: 'There is no such move by backup[: {id}].',
      safe: 'Nothing was changed.',
      todo: 'Go back to the restores; another console may have removed it.',
    },
    'guided-backup.wrong-step': {
      what: 'This cannot be done at the step the move by backup stands at.',
      safe: 'Nothing was changed; what is frozen stays frozen.',
      todo: 'Look at the list: it shows which step is next. What is frozen is unfrozen before the move is forgotten.',
    },
    'readiness.nothing-seen': {
      what: 'No command was seen[ in {from}|], so nothing can be told.',
      safe: 'Nothing was changed.',
      todo: 'Look for longer, at a time when applications are at work, or at an append-only file with commands.',
    },
    'readiness.no-backlog': {
      what: 'The source[ {address}] keeps no replication backlog, and would make a snapshot for us first.',
      safe: 'It was not asked for one; nothing was changed.',
      todo: 'Look at an append-only file, or [{console:if}through MONITOR|with --monitor]; a source keeps a backlog once it has had a replica.',
    },
    'tunnel.no-sftp': {
      what: 'The SSH server[ {hop}] hands out no files (SFTP).',
      safe: 'The backup was made and lies at the source.',
      todo: 'Switch the sftp subsystem on there, or copy the file in another way; keyferry dump needs no files of the source.',
    },
    'aof.manifest-invalid': {
      what: 'The manifest[ {file}] cannot be read[: line {line} is not of the form file <name> seq <number> type <b, i or h>].',
      safe: written,
      todo: 'Fetch the whole folder again, with the manifest the server itself has written.',
    },
    'aof.manifest-empty': {
      what: 'The manifest[ {file}] names no file to be loaded.',
      safe: written,
      todo: 'Fetch the whole folder again; if it is so on the server too, it has no append-only file yet.',
    },
    'aof.second-base': {
      what: 'The manifest[ {file}] names a second base[ in line {line}]; there can be only one.',
      safe: written,
      todo: 'Fetch the folder again while no rewrite is running, with the manifest the server itself has written.',
    },
    'aof.wrong-order': {
      what: 'The increments in the manifest[ {file}] are not in order[: the sequence number in line {line} does not grow].',
      safe: written,
      todo: 'Fetch the folder again with the manifest the server itself has written; the order of these files is the order of the writes.',
    },
    'aof.unknown-type': {
      what: 'The manifest[ {file}] has a file of a type[ {type}] in[ line {line}| a line] that is none of b, i and h.',
      safe: written,
      todo: 'Use a newer Keyferry if a newer server has written it; else fetch the folder again.',
    },
    'aof.path-in-manifest': {
      what: 'The manifest[ {file}] names a path[ in line {line}] where only a file name may stand.',
      safe: written,
      todo: 'Do not use this manifest: no server writes such a line. Fetch the folder again from the server.',
    },
    'aof.file-missing': {
      what: 'The file[ {file}] is missing that the manifest[ {manifest}] names.',
      safe: written,
      todo: 'Fetch the whole folder again; without this file the data set would be another one.',
    },
    'aof.no-manifest': {
      what: 'There is no manifest of an append-only file in the folder[ {folder}].',
      safe: written,
      todo: 'Name the folder with the .manifest file in it (appendonlydir), or the file itself: dump.rdb, appendonly.aof.',
    },
    'aof.several-manifests': {
      what: 'There are several manifests in the folder[ {folder}][: {names}].',
      safe: written,
      todo: 'Name the one manifest that is meant: each is a data set of its own.',
    },
    'aof.cut-in-the-middle': {
      what: 'The file[ {file}] ends[ at byte {offset}] inside a command, though more files follow it.',
      safe: fileOnly,
      todo: 'Fetch the folder again: only the last file may be cut off, and no server would load this.',
    },
    'aof.no-timestamps': {
      what: 'A moment to stop at is given, but the append-only file[ {file}] does not say when anything was written.',
      safe: written,
      todo: 'Restore it [{console:if}whole, not up to a moment|without --until]; a server writes times only with aof-timestamp-enabled yes (7.0 and later).',
    },
    'aof.until-too-early': {
      what: 'The append-only file[ {file}] begins[ at {first},] after the moment to stop at.',
      safe: written,
      todo: 'Give a later moment, or take an older backup: what was before its base is no longer in it.',
    },
    'aof.skip-impossible': {
      what: "Keys that the target already has cannot be skipped where commands are applied: half of a key's commands would make nobody's value.",
      safe: written,
      todo: 'Restore into empty databases, or [{console:if}have existing keys overwritten|with --on-conflict replace].',
    },
    'aof.would-flush': {
      what: 'The append-only file holds[ {command}| a command that removes everything], and the target[ {address}] holds[ {keys:keys}| keys] of its own that this would remove.',
      safe: written,
      todo: 'Restore into an empty server; or, if all of these keys may go, [{console:if}have existing keys overwritten|with --on-conflict replace].',
    },
    'aof.cannot-select': {
      what: 'Some commands of the append-only file cannot be applied to a part of the keys, or to other databases or names[: {commands}].',
      safe: written,
      todo: 'Restore all of it into an empty server, and from there save and restore the part that is wanted.',
    },
    'aof.not-understood': {
      what: 'The target[ {address}][ with version {version}] does not know commands of the append-only file[: {commands}].',
      safe: written,
      todo: 'Restore into a server as new as the one that wrote it, or from an RDB file, whose values Keyferry can rewrite.',
    },
    'aof.not-in-cluster': {
      what: 'The target[ {address}] is a cluster, which cannot do some commands of the append-only file[: {commands}].',
      safe: written,
      todo: 'Restore into a server that stands alone; or, if these commands may be left out and listed, [{console:if}choose that among the options|with --cannot-hold skip].',
    },
    'file.collisions': {
      what: 'Several keys of the file would have to share one name on the target: this is so with[ {keys:keys}| keys][, for example {examples}].',
      safe: fileOnly,
      todo: 'Give each database a prefix of its own[{console:if}| (--db-prefix)], send the databases to different ones[{console:if}| (--db-map)], or leave keys out[{console:if}| (--db, --exclude)].',
    },
    'connect.refused': {
      what: 'Nobody listens at[ {address}| this address]: the connection was refused.',
      safe: written,
      todo: 'Check host and port, and that the server runs and is bound to this address.',
    },
    'connect.unknown-host': {
      what: 'The name of the host[ in {address}] cannot be resolved.',
      safe: written,
      todo: 'Check the spelling and the DNS of this machine, or use the IP address.',
    },
    'connect.unreachable': {
      what: 'There is no way from this machine to the server[ {address}].',
      safe: written,
      todo: 'Check the route, the security group and the firewall between the two.',
    },
    'connect.timeout': {
      what: 'The server[ {address}] did not answer in time.',
      safe: written,
      todo: 'Check the security group and the firewall; if the server is very busy, try again.',
    },
    'connect.lost': {
      what: 'The connection to the server[ {address}] broke.',
      safe: written,
      todo: 'Check that the server runs and whether this port wants TLS, then start again with existing keys skipped or replaced.',
    },
    'connect.not-redis': {
      what: 'Whoever answers at[ {address}| this address] does not speak the Redis protocol.',
      safe: written,
      todo: 'Check the port; another service seems to listen there.',
    },
    'tls.not-tls': {
      what: 'The server[ {address}] does not speak TLS on this port.',
      safe: written,
      todo: 'Switch TLS off for this connection, or use the TLS port of the server.',
    },
    'tls.silent': {
      what: 'The server[ {address}] was reached, but says nothing of TLS.',
      safe: written,
      todo: 'Where this port does not speak TLS, switch TLS off for this connection or use the TLS port; if the server is very busy, try again.',
    },
    'tls.required': {
      what: 'The server[ {address}] accepts only TLS on this port.',
      safe: written,
      todo: 'Switch TLS on[{console:if}| (--tls or rediss://)], or use the plain port of the server.',
    },
    'tls.untrusted': {
      what: 'The certificate of the server[ {address}] is not signed by an authority this machine trusts.',
      safe: written,
      todo: 'Name the PEM file of its authority[{console:if}| (--ca)].',
    },
    'tls.name-mismatch': {
      what: 'The certificate of the server[ {address}] is made out to another name.',
      safe: written,
      todo: 'Connect by the name in the certificate, or give that name[{console:if}| (--servername)].',
    },
    'tls.expired': {
      what: 'The certificate of the server[ {address}] is outside its period of validity.',
      safe: written,
      todo: 'Have the certificate renewed, and check the clock of this machine.',
    },
    'tls.client-certificate': {
      what: 'The server[ {address}] wants a client certificate, or does not accept the one it was shown.',
      safe: written,
      todo: 'Name a certificate and its key that the server trusts[{console:if}| (--cert and --key)].',
    },
    'tls.file-unreadable': {
      what: 'The certificate or key file[ {file}] cannot be read.',
      safe: written,
      todo: 'Check the path, the right to read it, and that it is a PEM file.',
    },
    'auth.required': {
      what: 'The server[ {address}] wants a password.',
      safe: written,
      todo: 'Give the password (-A - for a target and -P - for a source ask for it without showing it), and the user if there is one.',
    },
    'auth.wrong-password': {
      what: 'The server[ {address}] did not accept this user and password.',
      safe: written,
      todo: 'Check both; some managed services want the password as instanceId:password.',
    },
    'auth.no-permission': {
      what: 'The user at[ {address}| this server] has no right to the command[ {command}| that is needed].',
      safe: written,
      todo: 'Give the user this right (ACL SETUSER), or use another user.',
    },
    'target.not-empty': {
      what: 'The target[ {address}] already holds[ {keys:keys}| keys][{guided:if}| that the file has too][, for example {examples}].',
      safe: written,
      todo: '[{guided:if}Take them out of the target and try again, or begin anew with an empty one|Choose what happens to keys that exist][{guided:if}|{console:if}| (--on-conflict skip or replace)][{guided:if}|, or use an empty target].',
    },
    'target.copied-before': {
      what: 'The source sends everything anew, and the target[ {address}] held other keys before it was first copied: which of its keys come from that copy, nobody can tell.',
      safe: 'The target keeps what it has: the keys from before, and the copy up to here. From the source it was only read.',
      todo: 'If none of the target’s keys is needed, empty it (FLUSHALL) and go on with the task: it is copied anew. Else take another target.',
    },
    'target.out-of-memory': {
      what: 'The target[ {address}] is out of memory: it has reached its maxmemory.',
      safe: written,
      todo: 'Raise maxmemory or free memory there, then start again with existing keys skipped.',
    },
    'target.loading': {
      what: 'The target[ {address}] is still loading its own data.',
      safe: written,
      todo: 'Wait until it has loaded, then start again with existing keys skipped.',
    },
    'target.read-only': {
      what: 'The target[ {address}] is a replica and takes no writes.',
      safe: written,
      todo: 'Use the address of its master.',
    },
    'target.cannot-persist': {
      what: 'The target[ {address}] takes no writes because its last save to disk failed.',
      safe: written,
      todo: 'Mend its disk (see its log), then start again with existing keys skipped.',
    },
    'target.no-replicas': {
      what: 'The target[ {address}] takes no writes because too few of its replicas are in step.',
      safe: written,
      todo: 'Bring its replicas back, or lower min-replicas-to-write, then start again with existing keys skipped.',
    },
    'target.cluster': {
      what: 'The target[ {address}] is a Redis Cluster: live migrations go into a server that stands alone.',
      safe: written,
      todo: 'Use a standalone target.',
    },
    'target.cluster-down': {
      what: 'The cluster[ at {address}] takes no commands now[: only {covered} of its 16,384 slots have an owner].',
      safe: written,
      todo: 'Ask redis-cli --cluster check what is missing and mend it, then start again.',
    },
    'target.cluster-changed': {
      what: 'The masters of the cluster[ at {address}] have changed: one was added, removed, or replaced by its replica.',
      safe: written,
      todo: 'Wait until the cluster stands still, then start again.',
    },
    'target.slot-moving': {
      what: 'A slot of the cluster[ at {address}] is being moved from one master to another, and this key must wait for it.',
      safe: written,
      todo: 'Wait until the slot has arrived, or ask redis-cli --cluster check for a slot that was left open, then start again.',
    },
    'target.cluster-one-db': {
      what: 'There are keys for[ databases {dbs}| several databases], and the cluster[ at {address}] has database 0 only.',
      safe: written,
      todo: 'Choose what becomes of them: one database alone, all into database 0[{console:if}| (--target-db 0)], or each with a prefix of its own[{console:if}| (--db-prefix)].',
    },
    'target.db-out-of-range': {
      what: 'The target[ {address}] has no database[ {db}| of this number].',
      safe: written,
      todo: 'Map it to another database[{console:if}| (--db-map or --target-db)], or raise "databases" on the target.',
    },
    'target.cannot-hold': {
      what: 'The target[ {address}] cannot hold the value[ of the key {key}][ of type {type}]: it does not know this type.',
      safe: written,
      todo: 'Use a target that has the type or the module, or leave such keys out[{console:if}| (--exclude)].',
    },
    'target.lacks-types': {
      what: 'The target[ {address}][ (version {version})] cannot hold all of this backup[: {losses}].',
      safe: written,
      todo: 'Use a newer target or load the module there; or leave these out and have them listed[{console:if}| (--cannot-hold skip)], or write hashes without the expiry of their fields[{console:if}| (--field-ttl drop)].',
    },
    'target.value-refused': {
      what: 'The target[ {address}] refused the value of[ the key {key}| a key] as bad data.',
      safe: written,
      todo: 'Check that the target is not older than the server that made the backup, or leave the key out[{console:if}| (--exclude)].',
    },
    'target.not-lockable': {
      what: 'The target[ {address}] cannot be locked[: {reason}].',
      safe: 'Nothing has been written there, and its passwords are as they were.',
      todo: 'Sign in with a user that may change them (CONFIG SET, ACL SETUSER), or migrate without locking it.',
    },
    'target.refused': {
      what: 'The target[ {address}] refused a command[ with: {reply}].',
      safe: written,
      todo: 'Read the answer of the server above and its log.',
    },
    'target.gave-up': {
      what: 'The target[ {address}] stayed away for too long.',
      safe: written,
      todo: 'Bring it back, then start again with existing keys skipped.',
    },
    'source.not-ready': {
      what: 'The source[ {address}] does not hand out its data yet[: {reply}].',
      safe: 'All that was applied before stays applied; nothing is lost by waiting.',
      todo: 'It is asked again every second. A source that loads its data set, or has lost its own master, is ready when that is over.',
    },
    'source.stream-corrupt': {
      what: 'What the source sends is not a replication stream[ (at offset {offset})].',
      safe: 'All that was applied before stays applied; nothing behind that offset was.',
      todo: 'Check what stands between the source and this machine, then resume the task.',
    },
    'source.flushed': {
      what: 'The source[ {address}] was emptied by a command[ ({command})], and it is one of several that go into the same target.',
      safe: 'All that was written before that command is applied; nothing behind it is, and the other sources’ keys are all there.',
      todo: 'Resume the task with an answer[{console:if}| (“--on-flush” on the command line)]: “copy again” copies this source anew, and what no source has any more goes from the target; “leave out” keeps in the target what it has.[ {noCopy:if}A way back is never copied again: only “leave out” goes on with it.]',
    },
    'source.databases-meet': {
      what: 'Databases of the source[ ({dbs})] would go into the same database[ {db}] of the target[ {address}] under the same names.',
      safe: 'What had come before is in the target; nothing of the second database is.',
      todo: 'Begin another task that gives one of them a prefix or another database, or leaves it out.',
    },
    'source.stream-lost': {
      what: 'What the server[ {address}] has written[ since offset {offset}] cannot be had from it any more, or the other side no longer tells how much of it it has: the way back is lost.',
      safe: 'No key was changed because of it on either server, and no snapshot was asked for.',
      todo: 'Close the way back. To go back all the same, migrate in the other direction, which copies everything anew.',
    },
    'source.no-stream': {
      what: 'The server[ {address}] does not hand out its replication stream[: {reply}].',
      safe: 'Nothing was changed on either server.',
      todo: 'Use a user who may follow it as a replica does (ACL: +psync +sync +replconf +ping), on a master; or go on without a way back.',
    },
    'source.slot-moving': {
      what: 'A slot of the server[ {address}] is being moved, so there is no moment at which all of its masters’ streams belong together.',
      safe: 'Nothing was changed on either server.',
      todo: 'Wait until the resharding is done, or end it with CLUSTER SETSLOT … STABLE; then try again.',
    },
    'spool.full': {
      what: 'The spool has reached its limit[ of {bytes:bytes}]: the source writes more than the target takes.',
      safe: 'All that was received is kept; reading from the source has been stopped.',
      todo: 'Find out what slows the target, or raise the limit of the spool and resume the task.',
    },
    'spool.damaged': {
      what: 'The spool in[ {folder}|the data folder] cannot be read as it was written.',
      safe: 'What the target has taken is safe on the target.',
      todo: 'Resume the task: what is missing is asked of the source again. Have the disk looked at.',
    },
    'job.cancelled': {
      what: 'Stopped as you asked.',
      safe: exactly,
      todo: 'Start it again when you like[{reads:if}.|; a restore or a sync that is asked for again as it was goes on where it stopped.]',
    },
    'job.crashed': {
      what: 'The thread doing the work ended unexpectedly[: {message}].',
      safe: written,
      todo: 'Start again with existing keys skipped; if it happens again, report it with the code and this text.',
    },
    'auth.not-needed': {
      what: 'The server[ {address}] has no password, but one was given.',
      safe: written,
      todo: 'Leave the password out, and check that this is the server you mean.',
    },
    'auth.no-users': {
      what: 'The server[ {address}] is older than ACL users and knows only a password.',
      safe: written,
      todo: 'Leave the user out and give the password alone; where a cloud wants instanceId:password, all of that is the password.',
    },
    'tunnel.not-reached': {
      what: '[{hop}|The tunnel] found no way to the server[ {address}][: {reply}].',
      safe: written,
      todo: 'Check that the server runs, that this is its address as seen from there, and the firewall between the two.',
    },
    'tunnel.prohibited': {
      what: '[{hop}|The tunnel] does not allow connections to[ {address}| the server].',
      safe: written,
      todo: 'Have it allowed there: AllowTcpForwarding and PermitOpen in sshd_config, or the rules of the proxy.',
    },
    'tunnel.lost': {
      what: 'The SSH session with[ {hop}| the tunnel] broke, and all connections through it.',
      safe: written,
      todo: 'Check that it runs and the network on the way; the next attempt opens a new session.',
    },
    'ssh.unknown-host': {
      what: 'The SSH server[ {address}] is not known here. It shows the[ {keyType}] key[ {fingerprint}].',
      safe: written,
      todo: 'Ask whoever runs it for the fingerprint of its host key, and accept the key only if it is this one[{console:if}| (--accept-host-key)].',
    },
    'ssh.host-key-changed': {
      what: 'The SSH server[ {address}] shows another host key than the one known of it[ ({file}, line {line})]: it was set up anew, or somebody stands in between[. The new one is {fingerprint}].',
      safe: written,
      todo: 'Ask whoever runs it. Only if it was changed on purpose, remove the old key (ssh-keygen -R) and accept the new one.',
    },
    'ssh.host-key-revoked': {
      what: 'The SSH server[ {address}] shows a host key that is marked as revoked[ ({file}, line {line})].',
      safe: written,
      todo: 'Do not use this server before whoever runs it has explained it and given it another key.',
    },
    'ssh.sign-in-refused': {
      what: 'The SSH server[ {address}] did not let the user[ {username}] in.',
      safe: written,
      todo: 'Check the user, and the key, password or agent it is to be signed in with.',
    },
    'ssh.handshake-failed': {
      what: '[{address}|The SSH server] and we could not agree on an SSH session[: {message}].',
      safe: written,
      todo: 'Check host and port; a very old SSH server may know none of the algorithms still held to be safe.',
    },
    'ssh.no-agent': {
      what: 'There is no SSH agent to sign in to[ {address}| the SSH server] with.',
      safe: written,
      todo: 'Start one and add the key (ssh-add), or name a key file[{console:if}| (--ssh-key)].',
    },
    'ssh.key-unusable': {
      what: 'The file[ {file}] holds no private key in OpenSSH or PEM form.',
      safe: written,
      todo: 'Name the private key, not the .pub beside it; ssh-keygen -p -f FILE rewrites a key of another form.',
    },
    'ssh.passphrase-needed': {
      what: 'The private key[ {file}] is locked with a passphrase.',
      safe: written,
      todo: 'Give its passphrase[{console:if}| (--ssh-passphrase -)], or put the key into an SSH agent.',
    },
    'ssh.passphrase-wrong': {
      what: 'The passphrase does not open the private key[ {file}].',
      safe: written,
      todo: 'Check the passphrase, and that this is the key it belongs to.',
    },
    'ssh.file-unreadable': {
      what: 'The file[ {file}] cannot be read.',
      safe: written,
      todo: 'Check the path and the right to read it.',
    },
    'socks.sign-in-refused': {
      what: 'The SOCKS5 proxy[ {address}] did not accept this user and password, or wants one.',
      safe: written,
      todo: 'Check both, and how the proxy wants its users to sign in.',
    },
    'socks.not-socks': {
      what: 'Whoever answers at[ {address}| the proxy’s address] does not speak SOCKS5.',
      safe: written,
      todo: 'Check host and port; an HTTP proxy is no SOCKS5 proxy.',
    },
    'sentinel.not-reached': {
      what: 'None of the Sentinels[ {addresses}] answered.',
      safe: written,
      todo: 'Check their addresses and ports (26379 as a rule), and their password if they have one.',
    },
    'sentinel.unknown-name': {
      what: 'The Sentinels[ {addresses}] know no master named[ {name}| like this].',
      safe: written,
      todo: 'Check the name: it is the one in "sentinel monitor NAME …" of their configuration.',
    },
    'sentinel.no-primary': {
      what: 'No master answers for[ {name}] at the moment[; the Sentinels name {address}].',
      safe: written,
      todo: 'A failover takes some seconds; if it stays so, look at the Sentinels’ log.',
    },
    'server.refused': {
      what: 'The server[ {address}] refused[ the command {command}| a command][: {reply}].',
      safe: written,
      todo: 'Read the answer of the server and its log.',
    },
    'server.unknown-command': {
      what: 'The server[ {address}] does not know the command[ {command}| that is needed], or it was renamed.',
      safe: written,
      todo: 'Use a newer server, or undo its rename-command.',
    },
    'server.unknown-setting': {
      what: 'The server[ {address}] does not know the setting[ {setting}| that is needed].',
      safe: written,
      todo: 'Use a newer server, or change the setting in its configuration by hand.',
    },
    'server.busy': {
      what: 'The server[ {address}] is busy with a script or function and answers nothing else.',
      safe: written,
      todo: 'Wait for the script, or end it with SCRIPT KILL, and try again.',
    },
    'server.too-many-clients': {
      what: 'The server[ {address}] has as many clients as its maxclients allows.',
      safe: written,
      todo: 'Use fewer connections (-n), or raise maxclients.',
    },
    'console.lost': {
      what: 'The connection between this page and the engine was lost.',
      safe: 'What was running goes on without this page.',
      todo: 'Check that Keyferry still runs; the page connects again by itself.',
    },
    'console.signed-out': {
      what: 'This browser is not signed in to the console.',
      safe: 'What was running goes on without this page.',
      todo: 'Open the address that "keyferry serve" prints; each address works once.',
    },
    'serve.tls-needed': {
      what: 'Beyond this machine the console is served over TLS only[: {host}|].',
      safe: 'Nothing is listened on, and nothing has been changed.',
      todo: '[{console:if}Start the console with a certificate and its key|Give --tls-cert and --tls-key], or have it listen on this machine only and come through an SSH tunnel.',
    },
    'serve.tls-unusable': {
      what: 'The certificate[ {cert}|] and the key[ {key}|] cannot be used for TLS.',
      safe: 'Nothing is listened on, and nothing has been changed.',
      todo: 'Give both in PEM, the key without a passphrase and of this very certificate.',
    },
    'restore.not-found': {
      what: 'This restore[ ({id})] is not known here any more.',
      safe: 'What it wrote stays on its target.',
      todo: 'Look at the list of restores; it begins anew when Keyferry starts.',
    },
    'restore.under-way': {
      what: 'Another Keyferry is restoring[ {file}] into[ {address}| this target] right now.',
      safe: 'That one goes on; this one has written nothing.',
      todo: 'Wait until it has ended. If its machine is gone for good, try again in a few seconds.',
    },
    'restore.input-changed': {
      what: 'A restore of[ {file}| this backup] into[ {address}| this target] was interrupted, and the file has changed since.',
      safe: 'Nothing more was written; what the interrupted restore had written is on the target.',
      todo: 'Put the file back to go on where it stopped, or begin anew [{console:if}in the wizard and have existing keys overwritten|with --restart and --on-conflict replace].',
    },
    'restore.ended': {
      what: 'This restore has ended already.',
      safe: 'What it has written stays as it is.',
      todo: 'Nothing has to be done. Its page tells how it ended.',
    },
    'difference.not-found': {
      what: 'This difference is not in the list any more.',
      safe: 'Nothing was changed.',
      todo: 'Both sides have been compared again meanwhile. Choose it from the new list.',
    },
    'difference.long-key': {
      what: 'The name of this key is longer than 8 KiB and was not kept whole.',
      safe: 'Nothing was changed.',
      todo: 'Look at it with redis-cli on both servers. A repair covers it like any other.',
    },
    'restore.not-comparable': {
      what: 'This restore cannot be compared with its files now.',
      safe: 'Nothing has been changed.',
      todo: 'Wait until it has finished, or until the comparison under way has; then compare.',
    },
    'verify.databases': {
      what: 'The source has keys in[ databases {dbs}| several databases], and the cluster[ at {address}] has database 0 only: there is nothing to compare them with.',
      safe: 'Nothing was compared, and nothing has been changed.',
      todo: 'Compare with the backup that was restored, by the same rules[{console:if}| (verify -i with --target-db or --db-prefix)], or count the keys only[{console:if}| (--mode counts)].',
    },
    'verify.no-server': {
      what: '[{program} is no redis-server or valkey-server of 7.0 or later|No redis-server or valkey-server of 7.0 or later was found on this machine]. What the commands of an append-only file make, only a server tells that loads them.',
      safe: 'Nothing was compared, and nothing has been changed.',
      todo: 'Install redis-server 7.0 or later on this machine[{console:if}|, or name one with --server]. It runs for the comparison alone and is reachable by nobody else.',
    },
    'verify.not-loaded': {
      what: 'The server[ {version}] that was to load[ {file}| the append-only file] for the comparison ended[: {reason}|].',
      safe: 'Nothing was compared, and nothing has been changed; the file was only read.',
      todo: '[{console:if}Install a server of the version that wrote the file on this machine|Name a server of the version that wrote the file, with --server]; it needs memory for all of the data, and room for it among the temporary files.',
    },
    'restore.not-again': {
      what: 'Only a restore that failed or was stopped can be gone on with.',
      safe: 'Nothing has been changed.',
      todo: 'Wait until it has ended; to restore the same file once more, begin a new restore.',
    },
    'store.unavailable': {
      what: 'The data[ in {file}] cannot be opened.',
      safe: 'No server has been touched.',
      todo: 'Check the folder and the right to write to it, or name another (KEYFERRY_HOME).',
    },
    'store.newer': {
      what: 'The data[ in {file}] was written by a newer Keyferry.',
      safe: 'The data was left as it is.',
      todo: 'Start the newer version, or name another data folder (KEYFERRY_HOME).',
    },
    'store.damaged': {
      what: 'The database of profiles and tasks[ in {file}] is damaged.',
      safe: 'Neither source nor target has been touched.',
      todo: 'Put back a copy of the folder, or name another one (KEYFERRY_HOME).',
    },
    'store.disk-full': {
      what: 'The disk of the data folder[ {folder}] is full.',
      safe: 'What was saved before is unharmed[; at least {written:keys} are already written and stay on the target].',
      todo: 'Free space there, or name another folder (KEYFERRY_HOME), then try again.',
    },
    'store.runtime-too-old': {
      what: 'This Node.js[ {version}] is too old to keep profiles and tasks.',
      safe: 'Nothing was opened and nothing changed.',
      todo: 'Start Keyferry by "npx keyferry" or "npm start", which bring their own Node.js.',
    },
    'secret.unreadable': {
      what: 'A stored password cannot be read on this machine.',
      safe: 'The profile is kept; only its password is missing.',
      todo: 'Type the password again; it will be stored anew.',
    },
    'secret.locked': {
      what: 'Stored passwords are locked: the key in[ {file}|] needs its passphrase.',
      safe: 'They are kept, sealed. Nothing has been changed on any server.',
      todo: 'Unlock them on the settings page, or start Keyferry with the passphrase in KEYFERRY_PASSPHRASE. Where only the passphrase is lost, the desktop app of this user may still open them by the system’s key ring.',
    },
    'secret.wrong-passphrase': {
      what: '[The passphrase in {variable}|This] is not the passphrase of the stored passwords.',
      safe: 'They stay locked, and nothing has been lost.',
      todo: '[Start Keyferry with the right one in {variable}, or unlock them on the settings page.|Type it again.]',
    },
    'secret.no-key-ring': {
      what: 'The key ring of this system does not take the key.',
      safe: 'Everything is kept as it was before.',
      todo: 'Unlock the key ring of the system and try again, or keep the key with a passphrase.',
    },
    'update.unreadable': {
      what: 'The update feed[ {feed}|] does not say which version is the newest.',
      safe: 'Nothing has been changed; this version goes on working.',
      todo: 'Check the address, and whether this machine reaches it. It has to answer with JSON that has a field version, such as 1.2.3.',
    },
    'connection.not-found': {
      what: 'There is no saved connection like this.',
      safe: 'Nothing has been changed.',
      todo: 'Look at the list of connections; it may have been removed in another window.',
    },
    'connection.changed-meanwhile': {
      what: 'Somebody else has saved the connection[ {name}] since you opened it.',
      safe: 'Nothing was overwritten; what you typed is still here.',
      todo: 'Look at the newer one, keep yours as a copy, or save yours over it.',
    },
    'connection.name-taken': {
      what: 'There is already a connection[ {name}| of this name].',
      safe: 'The existing connection is unchanged.',
      todo: 'Choose another name.',
    },
    'profile.not-found': {
      what: 'There is no profile[ {name}| like this].',
      safe: 'Nothing has been changed.',
      todo: '[Name one of these: {known}.|"keyferry profiles" lists what there is; new ones are made in the console ("keyferry serve").]',
    },
    'profile.changed-meanwhile': {
      what: 'Somebody else has saved the profile[ {name}] since you opened it.',
      safe: 'Nothing was overwritten; what you typed is still here.',
      todo: 'Look at the newer one, keep yours as a copy, or save yours over it.',
    },
    'profile.name-taken': {
      what: 'There is already a profile[ {name}| of this name].',
      safe: 'The existing profile is unchanged.',
      todo: 'Choose another name.',
    },
    'profile.in-use': {
      what: 'The profile[ {name}] is in use by a task that has not ended.',
      safe: 'Nothing has been changed.',
      todo: 'Finish or stop the task first, or copy the profile.',
    },
    'profile.not-a-file': {
      what: 'The file[ {file}] is no profile of Keyferry[: {field} cannot be understood].',
      safe: 'No profile was made or changed.',
      todo: 'Choose a file that was exported from Keyferry; its name ends in .keyferry.',
    },
    'profile.file-newer': {
      what: 'The file[ {file}] was exported from a later Keyferry[ (format {version})].',
      safe: 'No profile was made or changed.',
      todo: 'Update Keyferry on this machine, or export the profile again from one of the same age.',
    },
    'task.not-found': {
      what: '[{none:if}No migration has been begun yet|There is no task {id}|There is no task like this].',
      safe: 'Nothing has been changed.',
      todo: '[{console:if}Look at the list of tasks; it may have been removed in another window.|{none:if}"keyferry run" begins that of a saved profile; from then on it has a report.|"keyferry tasks" lists what there is; where it was named by two addresses, check both.]',
    },
    'task.wrong-state': {
      what: 'The task cannot do this[ while it is {state}| now].',
      safe: 'The task goes on as it was.',
      todo: 'Wait for the step under way, or choose what its page offers.',
    },
    'task.password-needed': {
      what: 'The password of[ {address}| a server] is not stored and is needed now.',
      safe: 'Nothing has been changed.',
      todo: 'Type it, or have the profile store it.',
    },
    'task.checks-failed': {
      what: 'The checks found something that must be mended first.',
      safe: 'What was copied before stays as it is; nothing was added to it.',
      todo: 'Look at the failed checks: each says what to do. Then go on.',
    },
    'task.warnings-open': {
      what: 'The checks gave warnings that nobody has accepted yet.',
      safe: 'Nothing has been copied.',
      todo: 'Read each warning and accept it[{console:if}| (--accept-warnings)], or mend its cause and check again.',
    },
    'task.other-ending': {
      what: 'Somebody has begun the end of this migration already, and chose differently.',
      safe: 'It ends as it was chosen there; nothing of what was chosen here is done.',
      todo: 'Look at how it stands when it has ended: what is left to do, such as unfreezing the source, can be done then.',
    },
    'task.consent-needed': {
      what: 'Source and target are not proven equal, so finishing needs a typed consent.',
      safe: 'The copy is still followed; nothing has been changed.',
      todo: 'Compare again, or type the consent that is asked for.',
    },
    'task.other-mode': {
      what: 'This task was begun as one that follows a replication stream[; the target {address} holds what it noted then].',
      safe: 'Nothing was changed now.',
      todo: 'Go on with the mode it was begun with, or stop it and begin another one.',
    },
    'task.move-by-rules': {
      what: 'The keys of the source[ {source}] cannot be moved away: rules for keys say that not all of them went along, or not by their names.',
      safe: 'Every key is still at the source.',
      todo: 'Finish without deleting; delete there by hand what is no longer wanted.',
    },
    'task.other-rules': {
      what: 'This task was begun with other rules for keys[; the target {address} holds what it noted then].',
      safe: 'Nothing was changed now.',
      todo: 'Go on with the rules it was begun with, or stop it and begin another one.',
    },
    'task.way-back-one-source': {
      what: 'A way back goes to one source, a server or a cluster[; this migration has {sources}]: of several, nothing tells whose a key is that is new on the target.',
      safe: 'The source is frozen, and the migration can be finished without a way back.',
      todo: 'Finish without a way back; or keep the sources as they are for as long as you may need them.',
    },
    'task.expiries-shifted': {
      what: 'Expiries[ at {address}] could not be put right: keys that should expire will stay for over a thousand years.',
      safe: 'Every value is as it was copied, and the source is untouched.',
      todo: 'Empty the target before anybody uses it, or start a new migration into it with its keys replaced.',
    },
    'task.too-many': {
      what: 'Keyferry is at work on[ {most}| as many] tasks already, and takes on no more at the same time.',
      safe: 'Those go on; this one was not started.',
      todo: 'Start it when one of them has ended or was paused.',
    },
    'task.instance-busy': {
      what: 'Another task[, “{name}”,] is at work on[ {address}| the same server].',
      safe: 'The other one goes on; this one was not started.',
      todo: 'Wait until the other task has ended, or pause or stop it first.',
    },
    'task.move-consent': {
      what: 'The source’s keys are only deleted when its address is typed[: {source}].',
      safe: 'Nothing has been deleted.',
      todo: 'Type the address exactly, or finish without deleting.',
    },
    'task.move-unproven': {
      what: 'The keys[ of {source}] may not be deleted: not every value was proven equal under a freeze of ours that stands.',
      safe: 'Nothing has been deleted; the copy is still followed.',
      todo: 'Freeze, compare every value, and finish then; or finish without deleting.',
    },
    'task.overwrites': {
      what: 'This migration overwrites keys[ at {address}], which is asked for by itself.',
      safe: 'It was not started.',
      todo: 'Start it from the review of its own plan.',
    },
    'task.repair-consent': {
      what: 'A repair replaces values of the target, so its address has to be typed[: {target}].',
      safe: 'Nothing has been changed; the source is still frozen.',
      todo: 'Type the address exactly, or leave the target as it is.',
    },
    'command.failed': {
      what: 'The command to be run at the cutover[, {program},] failed[: {reason}].',
      safe: 'Every write has arrived and was compared, and the old server is still frozen: it can be the original again.',
      todo: 'The events tell what it said. Run it by hand and finish without it, or abort: what it has changed already is for you to take back.',
    },
    'command.lost': {
      what: 'Keyferry was ended while the command at the cutover[, {program},] ran: it may have done all, a part, or nothing.',
      safe: 'It was not run again. Every write has arrived and was compared, and the old server is still frozen.',
      todo: 'See whether it has done its work; then have it run again, or finish without it[{console:if}| (“--no-on-cutover” on the command line)].',
    },
    'command.not-consented': {
      what: 'The plan has a command for the cutover[, {program}], and nobody at this machine has consented to it yet.',
      safe: 'It was not run.',
      todo: 'Read the command. To have it run, [{console:if}consent to it among the options of the plan, or in the cutover|start with --allow-command {digest}|allow it]; else take it out of the plan.',
    },
    'command.not-from-here': {
      what: 'This console may not have commands run on the machine it is served from[: {program}].',
      safe: 'The plan is as it was, and nothing was run.',
      todo: 'Save it without the command; or have it set by whoever serves this console: at that machine itself, or by letting consoles do so[{console:if}| (keyferry profiles on-cutover; serve --allow-commands)].',
    },
    'command.holds-secret': {
      what: 'The command for the cutover[, {program},] has a password of the plan in it, which would be kept in clear.',
      safe: 'The plan is as it was.',
      todo: 'Have the program read the password from a file of its own.',
    },
    'way-back.none': {
      what: 'No way back is open[ from {target} to {source}].',
      safe: 'Nothing was changed on either server.',
      todo: 'A way back begins at the cutover[{console:if}, where the plan or a tick there asks for it.|, with --way-back or as chosen in the plan. "keyferry tasks" lists what there is.] To go back without one, migrate in the other direction.',
    },
    'schedule.past': {
      what: 'The time[ {when}] is past.',
      safe: 'Nothing has been changed.',
      todo: 'Choose a later time, or start the migration now.',
    },
    'schedule.missed': {
      what: 'The migration was to start[ at {when}| earlier], but Keyferry was not running then, or this machine was asleep.',
      safe: 'Nothing has been started.',
      todo: 'Start it now, or choose another time.',
    },
    'task.held-elsewhere': {
      what: 'Another Keyferry[ on {host}] is running this task.',
      safe: 'The other one goes on undisturbed.',
      todo: 'Stop it there, or wait until its hold has run out.',
    },
    'freeze.not-permitted': {
      what: 'The user at the source[ {address}] has no right to change passwords[ (command {command})].',
      safe: 'The source is not frozen and its passwords are unchanged.',
      todo: 'Give the user the rights for CONFIG SET, ACL and CLIENT KILL; or freeze by hand: shut the writers out yourself while Keyferry watches.',
    },
    'freeze.not-primary': {
      what: 'The source[ {address}] is a replica; writes are frozen at its master.',
      safe: 'The source is not frozen and its passwords are unchanged.',
      todo: 'Name the master as the source and freeze there.',
    },
    'freeze.node-unreachable': {
      what: 'A server of the source[, {address},] cannot be reached, so it could not be frozen with the others.',
      safe: 'The source is not frozen and its passwords are unchanged.',
      todo: 'Make it reachable from here, or take it out of the replication or cluster; then freeze again.',
    },
    'freeze.shard-elsewhere': {
      what: 'A shard[ followed at {address}] does not follow any of the masters that were frozen.',
      safe: 'Writes are frozen and everything received so far is kept; nothing was proven or finished.',
      todo: 'Unfreeze. Wait until the cluster has settled after its failover and the shard is in step; then freeze again.',
    },
    'freeze.slot-moving': {
      what: 'A slot of the source is being moved[ (seen at {address})].',
      safe: 'The source is not frozen and its passwords are unchanged.',
      todo: 'Wait until the resharding is done, or end it with CLUSTER SETSLOT … STABLE; then freeze again.',
    },
    'freeze.sentinel-unreachable': {
      what: 'A Sentinel that watches the source[ ({address})] cannot be reached; untold of the new password, it would start a failover.',
      safe: 'The source is not frozen and its passwords are unchanged.',
      todo: 'Make all Sentinels reachable, and name the source by them if they have a password; forget dead ones with SENTINEL RESET. Then freeze again.',
    },
    'freeze.sentinel-hasty': {
      what: 'The Sentinel[ {address}] takes[ {name}| the source] for dead after[ {ms}| too few] ms; it could start a failover while it signs in anew.',
      safe: 'The source is not frozen and its passwords are unchanged.',
      todo: 'Raise the time on every Sentinel: SENTINEL SET[ {name}| NAME] down-after-milliseconds 5000. Then freeze again.',
    },
    'freeze.sentinel-password': {
      what: 'The password of the Sentinels at the source[ {address}] is not known, so it could not be given back to them.',
      safe: 'The source is not frozen and its passwords are unchanged.',
      todo: 'Name the source with the password of its user default, the one its Sentinels use.',
    },
    'freeze.password-needed': {
      what: 'The source[ {address}] refuses the old password, and the new one is not known here.',
      safe: 'Keyferry has changed nothing at the source.',
      todo: 'Freeze by hand once more, and give the new password too.',
    },
    'freeze.not-frozen': {
      what: 'The source[ {address}] is not frozen.',
      safe: 'Nothing has been changed.',
      todo: 'There is nothing to undo; freeze it first if writes must stop.',
    },
    'freeze.not-proven': {
      what: 'It could not be proven that the source[ {address}] refuses the old password.',
      safe: 'The old passwords are kept and can be put back.',
      todo: 'Try the freeze again, or undo it.',
    },
    'freeze.broken': {
      what: 'The freeze of the source[ {address}] no longer holds: it was restarted, another node took its place, slots moved, or somebody changed its password.',
      safe: 'The copy is still followed, so writes made meanwhile are not lost.',
      todo: 'Find who writes to it, then freeze again before finishing.',
    },
    'freeze.changed-meanwhile': {
      what: 'The passwords of the source[ {address}] were changed by somebody else while it was frozen.',
      safe: 'The newer passwords were not overwritten.',
      todo: 'Decide which passwords shall hold, and set them by hand.',
    },
    'freeze.not-drained': {
      what: 'The target has not yet taken everything the source[ {address}] held when it was frozen.',
      safe: 'Nothing is lost: what is missing is kept on our disk.',
      todo: 'Wait until the lag is 0, or undo the freeze.',
    },
    'usage.invalid': {
      what: 'The value of[ {field}| a field] cannot be used[: {reason}].',
      safe: written,
      todo: 'Correct it and try again[{console:if}|; --help shows every option].',
    },
    'usage.too-long': {
      what: 'What was typed for[ {field}| a field] is too long[: {most} characters are the most].',
      safe: written,
      todo: 'Shorten it and try again.',
    },
    'usage.path-relative': {
      what: '[{file}|The path] does not begin at the root, so it is not clear in which folder it is meant.',
      safe: written,
      todo: 'Type the whole path, as in /data/dump.rdb or C:\\data\\dump.rdb, or choose the place from the list of folders.',
    },
    'usage.not-a-url': {
      what: 'What was named as a backup begins like an address of the web, but is none.',
      safe: written,
      todo: 'Copy the whole address again, with its host, as in https://backups.example/dump.rdb.',
    },
    'usage.no-times': {
      what: 'A moment to stop at is given, but[ {file}| one input] is an RDB file: it holds one state, and does not say when anything was written.',
      safe: written,
      todo: 'Restore it [{console:if}whole, not up to a moment|without --until], or restore the append-only file alone.',
    },
    'usage.would-empty': {
      what: '[{file}|An append-only file] holds[ {command}| a command that removes everything], which would remove what the inputs before it have brought.',
      safe: written,
      todo: 'Name it first; or, if that is what is wanted, [{console:if}have existing keys overwritten|choose --on-conflict replace].',
    },
    'usage.missing-prerequisite': {
      what: 'This needs[ {program}| a program], which was not found on this machine.',
      safe: written,
      todo: 'Install it[ with: {command}], then try again.',
    },
    'internal.unexpected': {
      what: 'Something happened that Keyferry did not foresee[: {message}].',
      safe: '[At least {written:keys} are already written and stay on the target.|As far as is known, nothing has been written.]',
      todo: 'Please report it with the code and this text.',
    },
  },
}
