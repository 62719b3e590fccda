import { base } from './base.ts'
import { connections } from './procedures/connections.ts'
import { files } from './procedures/files.ts'
import { host } from './procedures/host.ts'
import { restores } from './procedures/restores.ts'

/** Every procedure of the contract; one that is missing here does not compile. */
export const router = base.router({
  host,
  files,
  connections,
  restores,
})
