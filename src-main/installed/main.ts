import { app } from 'electron'
import { isCommand } from '../cli/program.ts'
import { isHeadless, isOurSwitch, runHeadless } from './headless.ts'

/**
 * The installed program: `keyferry restore …` answers on the terminal without a window, anything else opens
 * the console. From a checkout the first argument is the folder of the app itself.
 */
const args = process.argv
  .slice(1)
  .filter((arg) => !isOurSwitch(arg))
  .slice(app.isPackaged ? 0 : 1)
const [first] = args

if (isHeadless() || isCommand(first) || first === '--help' || first === '--version') runHeadless(args)
else await import('../desktop/main.ts')
