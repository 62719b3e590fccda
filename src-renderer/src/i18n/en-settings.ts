/** The words of saved connections and of the settings page. */
export const enSettings = {
  'nav.connections': 'Connections',
  'nav.settings': 'Settings',
  'help.connections':
    'Servers kept under a name. Choosing one in a migration or a restore fills in its address, its way and its stored secrets.',
  'help.connection':
    'Name, address and way of one server. Testing it saves it first, and keeps what the server told.',
  'help.settings': 'What Keyferry begins with, what it keeps and where, and what we recommend for servers.',
  'settings.folder.copy': 'Copy the path',
  'settings.feed.copy': 'Copy the address',
  'connections.new': 'New connection',
  'connections.empty': 'No connections yet',
  'connections.empty.cause':
    'A server you reach again and again can be kept here under a name, to be chosen in migrations and restores.',
  'connections.name': 'Name',
  'connections.name.hint': 'As you call this server',
  'connections.name.missing': 'Give the connection a name',
  'connections.address': 'Address',
  'connections.lastTest': 'Last test',
  'connections.neverTested': 'never tested',
  'connections.usedBy': 'Used by',
  'connections.search.none': 'No connection matches.',
  'connections.unused': 'no profile',
  'connections.save': 'Save',
  'connections.test': 'Save and test',
  'connections.choose': 'A saved connection',
  'connections.choose.none': 'Choose one, or fill in below',
  'connections.conflict': 'Somebody else has changed this connection',
  'connections.saved.gone':
    'The saved connection this was filled from has been removed. Passwords it kept are to be typed.',
  'connections.remove.title': 'Remove this connection?',
  'connections.remove.text':
    '{name} is forgotten with its stored password. Profiles that were made with it keep what they took from it.',
  'connections.remove.deed': 'Remove the connection',
  'settings.look': 'Language and looks',
  'settings.look.hint': 'For this window or browser',
  'settings.kept': 'What is kept, and where',
  'settings.folder': 'Data folder',
  'settings.secrets': 'Stored passwords',
  'secrets.key-file': 'Key file',
  'secrets.key-file.text':
    'The key lies in keyferry.key, which only this user may read. Whoever can read it and the data folder can open stored passwords.',
  'secrets.key-file.open':
    'The key lies in keyferry.key, which this system does not shut off from others. Choose another way, or have profiles ask each time.',
  'secrets.key-file.now': 'They are sealed with the key in keyferry.key.',
  'secrets.passphrase': 'Passphrase',
  'secrets.passphrase.text':
    'The key file is of use only with the passphrase. It is typed here after each start, or given in KEYFERRY_PASSPHRASE.',
  'secrets.passphrase.now':
    'They are sealed with the key in keyferry.key, which is locked with a passphrase.',
  'secrets.key-ring': 'Key ring of this system',
  'secrets.key-ring.text':
    'This app unlocks the key by the key ring of your account. The command line and a served console need the passphrase, as you do where the key ring is lost.',
  'secrets.key-ring.now':
    'They are sealed with the key in keyferry.key, which the key ring of this system unlocks, or its passphrase.',
  'secrets.key-ring.unprotected':
    'This system has no key ring that protects anything (libsecret or KWallet), so it cannot be chosen.',
  'secrets.choose': 'How the key is kept',
  'secrets.passphrase.new': 'New passphrase',
  'secrets.passphrase.hint':
    'At least {count} characters. Keep it elsewhere too: without it nobody can open what is stored, nor undo a freeze with it.',
  'secrets.passphrase.short': 'This passphrase is too short',
  'secrets.keep': 'Keep the key this way',
  'secrets.kept': 'The key is kept this way from now on',
  'secrets.locked':
    'Stored passwords are locked, and tasks that need one wait. Passwords that a profile asks for each time are not concerned.',
  'secrets.unlock': 'Unlock',
  'session.title': 'This browser’s session',
  'session.text':
    'It ends by itself when this browser asks for nothing for a while, and in any case a day after it began, unless the console was started with other limits. Tasks and restores go on without it.',
  'session.out': 'Sign out',
  'session.all': 'Sign all browsers out',
  'settings.limits': 'Limits of a new restore',
  'settings.limits.hint':
    'Each restore begins with these and can be given others. Empty fields limit nothing.',
  'settings.updates': 'Updates',
  'settings.feed': 'Update feed',
  'settings.feed.hint':
    'An http or https address that answers with the newest version. Empty: nobody is asked. Nothing is ever installed by itself.',
  'settings.feed.wrong': 'This is no http or https address',
  'settings.feed.ask': 'Ask now',
  'settings.feed.newest': 'This is the newest version, {version}.',
  'settings.feed.newer': 'Version {version} is there; this is {own}.',
  'settings.save': 'Save',
  'settings.saved': 'Saved',
  'settings.newer':
    'Another console has changed these settings since you opened them. Saved, yours take their place.',
  'settings.newer.show': 'Show the newer ones',
  'settings.servers': 'Settings we recommend for servers',
  'settings.servers.hint':
    'A migration sets most of these for its own time and puts them back. Set them for good where the account may not change settings, or where copies fail again and again.',
  'settings.servers.side': 'Side',
  'settings.servers.name': 'Setting',
  'settings.servers.value': 'Value',
  'settings.servers.reason': 'Why',
  'settings.servers.buffer.value': 'replica 0 0 0, or half of the memory in use',
  'settings.servers.buffer.reason':
    'While the snapshot is on its way, all that is written waits here. If it is too small, the server cuts us off and the copy begins anew.',
  'settings.servers.backlog.value': 'a tenth of the data, 64 to 512 MB',
  'settings.servers.backlog.reason':
    'What a lost link may have missed and still go on from where it was, without a new copy.',
  'settings.servers.replTimeout.value': '600',
  'settings.servers.replTimeout.reason':
    'A long snapshot or a slow network must not be taken for a dead replica.',
  'settings.servers.sourceTimeout.value': '0, or at least 60',
  'settings.servers.sourceTimeout.reason':
    'The connections that watch the source speak once a second, not more often.',
  'settings.servers.overcommit.value': '1',
  'settings.servers.overcommit.reason':
    'The snapshot is written by a copy of the process. Linux refuses that copy on a full machine otherwise.',
  'settings.servers.policy.value': 'noeviction',
  'settings.servers.policy.reason': 'Nothing that was copied may be thrown out to make room for the rest.',
  'settings.servers.maxmemory.value': '0, or a half more than the source uses',
  'settings.servers.maxmemory.reason':
    'Values take another size in another version, and buffers come on top.',
  'settings.servers.targetTimeout.value': '0, or at least 3600',
  'settings.servers.targetTimeout.reason':
    'The connections that apply changes have nothing to say for as long as nobody writes.',
  'settings.servers.bulk.value': 'no less than at the source',
  'settings.servers.bulk.reason':
    'The longest value that a command may bring: what the source holds, the target must take.',
}
