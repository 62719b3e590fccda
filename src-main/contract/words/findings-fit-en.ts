import type { FitFinding } from '../finding.ts'
import { fine, type FindingWords } from './finding-words.ts'

export const findingsOfFitEn: Readonly<Record<FitFinding, FindingWords>> = {
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
  'databases-enough': fine('Every database of the source has its place in the target.'),
  'databases-cluster': {
    found: 'The source uses database {highest}; a cluster has database 0 alone.',
    why: 'What lies in other databases would have no place.',
    mend: 'Bring it to database 0 under names of its own first, or migrate it to a server.',
  },
  'databases-too-few': {
    found: 'The source uses database {highest}; the target has only {databases} of them.',
    why: 'What lies beyond would have no place.',
    mend: 'Give the target more databases in its configuration.',
  },
  'big-keys-none': fine(
    '[Of {looked:keys} looked at, the largest takes {bytes:bytes}.|There are no keys yet.]',
  ),
  'big-keys-found': {
    found: 'The key {key} takes {bytes:bytes}.',
    why: 'While it is read, written and compared, both servers answer others more slowly.',
    mend: 'Take it apart if you can, or copy in a quiet hour.',
  },
  'big-keys-unknown': fine('How large single keys are may not be asked.'),
  'shared-keys-one-source': fine('There is one source.'),
  'shared-keys-none': fine(
    '[Of {looked:keys} looked at, none is on another source as well.|There are no keys yet.]',
  ),
  'shared-keys-found': {
    found: 'The key {key} is on {one} and on {other}; of {looked:keys} looked at, that goes for {count}.',
    why: 'The target has room for one of them. Both sources write it, and which of the two it holds at the end is chance.',
    mend: 'Delete or rename such keys in the source where they are not wanted, before the cutover. No repair chooses for you.',
  },
  'shared-keys-unknown': fine('Which keys the sources share may not be asked.'),
  'modules-fit': fine('The target has every module of the source.'),
  'modules-missing': {
    found: 'The target lacks modules of the source: {names}.',
    why: 'Values of their types cannot be read without them; the copy stops at the first one.',
    mend: 'Load the modules on the target, or see that none of their types is in use.',
  },
  'functions-none': fine('The source has no function libraries.'),
  'functions-unseen': {
    found: 'Our account may not ask[ {address}] for function libraries (FUNCTION LIST).',
    why: 'Where the source has any, FCALL fails on a target that lacks them. Read key by key they are left out; a replication stream brings them.',
    mend: 'Give the account FUNCTION (ACL: +function), or see for yourself that there are none.',
  },
  'functions-fit': fine('The target can hold the function libraries of the source.'),
  'functions-unsupported': {
    found: 'The source has function libraries ({libraries}), and the target knows none.',
    why: 'They will not be there, and FCALL will be refused.',
    mend: 'Use a target of 7.0 or later, or see that no application calls them.',
  },
  'types-fit': fine('The target has every type that the source was seen to use.'),
  'types-no-streams': {
    found: 'The source has streams, such as {key}, and the target knows none.',
    why: 'They are left out, and so is everything written to them.',
    mend: 'Use a target of 5.0 or later, or see that no application needs them.',
  },
  'types-fields-stay': {
    found: 'Fields expire in {hashes} hashes of the source; the target has no such fields.',
    why: 'Until the cutover each is deleted when the source deletes it; what is left then stays for ever.',
    mend: 'Use a target of Redis 7.4, Valkey 9.0 or later, or expire them by other means after the cutover.',
  },
  'policies-same': fine('Full, the target behaves as the source does.'),
  'policies-differ': {
    found: 'Full, the source goes by {before}, the target by {after}.',
    why: 'After the cutover other keys are thrown out, or writes are refused, once memory is full.',
    mend: 'Give the target the policy of the source, if that is what applications rely on.',
  },
  'shape-fits': fine('It holds {used:bytes} and answers {ops} commands a second.'),
  'shape-larger': {
    found: 'The source holds {used:bytes} and answers {ops} commands a second.',
    why: 'Up to 12 GiB now, 60 GiB later and 40,000 commands a second one master is advised; beyond, a cluster.',
    mend: 'Consider a cluster as the target; "keyferry readiness" tells whether applications can use one.',
  },
  'shape-transactions': {
    found: 'The source has run {count} transactions and scripts; the target is a cluster.',
    why: 'A cluster refuses those that touch keys of different slots.',
    mend: 'See which they are with "keyferry readiness", and give their keys a common hash tag.',
  },
  'rules-none': fine('No rules for keys are given: everything goes along.'),
  'rules-fit': fine('What goes along by the rules for keys can be followed.'),
  'rules-contradict': {
    found: 'The rules for keys contradict each other: {field}, {reason}.',
    why: 'Nobody could say which keys are meant.',
    mend: 'Change the rules in the plan.',
  },
  'rules-way-back': {
    found: 'There are rules for keys, and a way back is to be kept.',
    why: 'What a key of the target is at the source, the rules do not always tell.',
    mend: 'Do without a way back, or without rules.',
  },
  'rules-databases-meet': {
    found:
      'The databases {dbs} of the source would go into database {db} of the target under the same names.',
    why: 'Two keys of one name cannot both be there.',
    mend: 'Give one of them a prefix or another database, or leave it out.',
  },
  'way-back-none': fine('No way back is to be kept.'),
  'way-back-open': fine('What is written to the target can go back to the source.'),
  'way-back-several': {
    found: 'There are {sources} sources, and a way back is to be kept.',
    why: 'To which of them a key belongs that is new on the target, nothing can tell.',
    mend: 'Do without a way back, or migrate each source into a target of its own.',
  },
  'way-back-no-stream': {
    found: '{address} does not let us follow it, and a way back is to be kept.',
    why: 'What is written to the target could not be had from it.',
    mend: 'Use a user of the target who may follow it as a replica does (ACL: +psync +sync +replconf +ping), or do without a way back.',
  },
  'way-back-into-cluster': {
    found: 'The source is a cluster, the target is none, and a way back is to be kept.',
    why: 'A cluster has database 0 alone: a write to another one on the target ends the way back. A script over several slots is told, and does not go back.',
    mend: 'Have applications use the target as they used the cluster until the way back is closed.',
  },
  'disk-enough': fine('This machine has {free:bytes} free for what is received.'),
  'disk-short': {
    found: 'This machine has {free:bytes} free for what is received; up to {needed:bytes} are needed.',
    why: 'What comes in and is not applied yet is kept in {folder}. A full disk stops the task.',
    mend: 'Make room there, or choose another data folder.',
  },
}
