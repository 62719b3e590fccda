import type { HandLook } from '#migration/freeze/by-hand.ts'
import type { SourcesFreezeRequest } from '#migration/freeze/freeze-sources.ts'
import type { KeptFreeze } from '#migration/freeze/record.ts'
import { interruptible } from './interrupt.ts'
import type { Output } from './output.ts'
import { byHandSteps, handsLine } from './terminal/by-hand-lines.ts'

/** Says what a person is to do, and waits until that is seen to hold. */
export async function watchHands(
  request: SourcesFreezeRequest,
  output: Output,
): Promise<readonly KeptFreeze[]> {
  const { freezeByHand } = await import('#migration/freeze/by-hand.ts')
  using interrupt = interruptible(() => output.note('Ending; Keyferry has changed nothing at the source.'))
  output.note(byHandSteps('begin with --ask-new-password'))
  const onLook = (look: HandLook): void => output.status(lookLine(look))
  return await freezeByHand({ ...request, signal: interrupt.signal, onLook })
}

function lookLine(look: HandLook): string {
  return `${handsLine(look)}, the old password ${look.oldPassword === 'opens' ? 'still opens' : 'is refused'}`
}
