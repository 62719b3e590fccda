/** The words of the way back after a cutover, and of a roll back. */
export const enWayBack = {
  'wayBack.option.text':
    'What is written to the target after the cutover goes back to the source, which stays frozen: a roll back loses no write.',
  'wayBack.oneSource':
    'A way back goes to one source, a server or a cluster: of several, nothing tells whose a new key is.',
  'wayBack.review': 'Way back',
  'wayBack.review.on': 'After the cutover, writes go back to the source until you roll back or close it.',
  'wayBack.review.off': 'None is kept.',
  'wayBack.name': '{name} · way back',
  'wayBack.state.open': 'Way back open',
  'wayBack.state.closed': 'Way back closed',
  'wayBack.kept.title': 'The target is the original now, and the way back is open.',
  'wayBack.kept.text': 'What is written to it goes back to the source, which stays frozen.',
  'wayBack.kept.release': 'It stays frozen until the way back is closed',
  'wayBack.kept.show': 'Show the way back',
  'wayBack.open.title': 'The way back is open.',
  'wayBack.open.text':
    'What is written to {from} goes to {to}, which stays frozen. If something goes wrong, roll back; when you are sure, close it.',
  'wayBack.rollBack': 'Roll back…',
  'wayBack.close': 'Close the way back…',
  'wayBack.close.title': 'Close the way back?',
  'wayBack.close.text':
    '{from} stays the original. What is written to it from now on does not go to {to} any more; only a new migration could bring it there.',
  'wayBack.close.back': 'Leave it open',
  'wayBack.close.deed': 'Close it',
  'rollBack.title': 'Roll back',
  'rollBack.done.title': 'Rolled back: {to} is the original again.',
  'rollBack.done.text': 'Its password and users are as they were; point your applications to it.',
  'rollBack.freeze': 'Freeze writes on {from}',
  'rollBack.drain.text': 'Up to the very last offset of {from}',
  'rollBack.finish': 'Roll back',
  'rollBack.finish.text': 'From here on {to} is the original again, unfrozen as it was before',
  'rollBack.point': 'Point applications to {to}',
  'rollBack.release': 'Unfreeze {from}, or leave it frozen',
  'rollBack.unfreezeAfter': 'Give {from} its old password back at the end',
  'rollBack.abort': 'Abort: {from} goes on',
}
