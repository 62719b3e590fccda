/** The words of the operator's command at a cutover. */
export const enCommand = {
  'command.hint':
    'A program and its arguments, run on Keyferry’s machine when all is proven. No shell reads it; the addresses are in KEYFERRY_FROM and KEYFERRY_TO, no password is.',
  'command.notFromHere':
    'This console may not set a command: that is done at the machine itself, or where it is served with --allow-commands.',
  'command.wrong': 'A program and its arguments, every quote closed, on one line',
  'command.consented': 'Somebody at this machine has consented to it.',
  'command.unconsented': 'Its command: not consented yet',
  'command.wantsConsent':
    'Nobody at this machine has consented to this command yet; the migration does not start before.',
  'command.toOptions': 'To the options',
  'command.takeOut': 'Take it out',
  'command.consent.ask': 'Consent…',
  'command.consent.title': 'Run this command at the cutover?',
  'command.consent.text':
    'It runs on the machine of this Keyferry, with the rights of whoever started that, each time a plan with this very command is cut over. Consent only to what you know.',
  'command.consent.deed': 'Let it run',
  'command.consent.back': 'Do not',
  'command.tick': 'Run the command of the plan',
  'command.tickAgain': 'Run the command once more',
  'command.planned':
    'Runs when all is proven, before the sync ends; with a way back, as soon as that is open.',
  'command.left': 'Has not been run.',
  'command.notRun': 'Was not run.',
  'command.running': 'Is running.',
  'command.done': 'Ended well.',
  'command.failed':
    'Failed with exit code {code}. The migration has not been ended by it: run it again, or go on without it.',
  'command.broken':
    'Failed: it could not be started, was ended, or took too long. Run it again, or go on without it.',
  'command.lost':
    'May have run: Keyferry was ended in the middle. See what it has done before it is run again.',
  'command.output': 'What it said last',
  'command.run': 'Run it now',
  'command.again': 'Run it again',
}
