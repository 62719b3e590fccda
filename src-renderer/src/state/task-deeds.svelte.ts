import type { CheckId } from '#contract/precheck.ts'
import type { Passwords } from '#contract/profile.ts'
import type { Schedule } from '#contract/schedule.ts'
import type { FlushAnswer } from '#contract/sync.ts'
import type { ConsoleClient } from '../client.ts'
import { language } from '../i18n/i18n.svelte.ts'
import { saveFile } from './save-file.ts'
import { Deeds } from './deeds.svelte.ts'
import type { DifferenceSource } from './difference-list.svelte.ts'
import type { Tasks } from './tasks.svelte.ts'

/** What a person does with one task. */
export class TaskDeeds extends Deeds {
  readonly #client: ConsoleClient
  readonly #tasks: Tasks
  readonly #id: string

  constructor(client: ConsoleClient, tasks: Tasks, id: string) {
    super()
    this.#client = client
    this.#tasks = tasks
    this.#id = id
  }

  check(passwords?: Passwords): Promise<boolean> {
    return this.send((given) => this.#tasks.act(this.#client.tasks.check(this.#input(given))), passwords)
  }

  mend(check: CheckId, passwords?: Passwords): Promise<boolean> {
    return this.send(
      (given) => this.#tasks.act(this.#client.tasks.mend({ ...this.#input(given), check })),
      passwords,
    )
  }

  start(passwords?: Passwords): Promise<boolean> {
    return this.send((given) => this.#tasks.act(this.#client.tasks.start(this.#input(given))), passwords)
  }

  schedule(schedule: Schedule, passwords?: Passwords): Promise<boolean> {
    return this.send(
      (given) => this.#tasks.act(this.#client.tasks.schedule({ ...this.#input(given), schedule })),
      passwords,
    )
  }

  pace(keysPerSecond: number | null): Promise<boolean> {
    return this.send(() => this.#tasks.act(this.#client.tasks.pace({ id: this.#id, keysPerSecond })))
  }

  unschedule(): Promise<boolean> {
    return this.send(() => this.#tasks.act(this.#client.tasks.unschedule({ id: this.#id })))
  }

  /** `flushed`: the answer where it has stopped because one of several sources was flushed. */
  resume(flushed?: FlushAnswer): Promise<boolean> {
    return this.send((given) =>
      this.#tasks.act(
        this.#client.tasks.resume({ ...this.#input(given), ...(flushed !== undefined && { flushed }) }),
      ),
    )
  }

  unfreeze(): Promise<boolean> {
    return this.send((given) => this.#tasks.act(this.#client.tasks.unfreeze(this.#input(given))))
  }

  /** `byHand`: the operator shuts the writers out themselves, and may say which password they set. */
  freeze(order: { readonly byHand?: boolean; readonly newPassword?: string } = {}): Promise<boolean> {
    return this.send(() => this.#tasks.act(this.#client.tasks.freeze({ id: this.#id, ...order })))
  }

  pause(): Promise<boolean> {
    return this.send(() => this.#tasks.act(this.#client.tasks.pause({ id: this.#id })))
  }

  stop(): Promise<boolean> {
    return this.send(() => this.#tasks.act(this.#client.tasks.stop({ id: this.#id })))
  }

  verify(): Promise<boolean> {
    return this.send(() => this.#tasks.act(this.#client.tasks.verify({ id: this.#id })))
  }

  /** `consent` is the target's address, typed. */
  repair(consent: string, deleteExtra: boolean): Promise<boolean> {
    return this.send(() => this.#tasks.act(this.#client.tasks.repair({ id: this.#id, consent, deleteExtra })))
  }

  /** `consent` is the target's address, typed; `deleteSource` the source's. */
  finish(
    afterFinish: 'unfreeze' | 'leave-frozen',
    more: {
      readonly consent?: string
      readonly deleteSource?: string
      readonly wayBack?: boolean
      readonly command?: 'again' | 'skip'
    } = {},
  ): Promise<boolean> {
    const input = { id: this.#id, afterFinish, ...more }
    return this.send(() => this.#tasks.act(this.#client.tasks.finish(input)))
  }

  /** Runs the command of the plan, where a way back is open and it has not done its work. */
  runCommand(): Promise<boolean> {
    return this.send((given) => this.#tasks.act(this.#client.tasks.runCommand(this.#input(given))))
  }

  /** Has it told anew as it stands. */
  look(): Promise<boolean> {
    return this.send(() => this.#tasks.act(this.#client.tasks.get({ id: this.#id })))
  }

  /** Hands the report over to be saved, in the language of the console. */
  saveReport(): Promise<boolean> {
    return this.send(async () => {
      const answer = await this.#client.tasks.report({
        id: this.#id,
        form: 'html',
        locale: language.locale,
      })
      if ('failed' in answer) return answer.failed
      saveFile(answer.ok.name, answer.ok.text, 'text/html')
      return null
    })
  }

  /** What the newest comparison of it has found. */
  readonly differences: DifferenceSource = {
    differences: (query) => this.#client.tasks.differences({ id: this.#id, ...query }),
    look: (at, part, signal) => this.#client.tasks.look({ id: this.#id, at, part }, { signal }),
    file: (form) => this.#client.tasks.differencesFile({ id: this.#id, form }),
  }

  remove(): Promise<boolean> {
    return this.send(() => this.#tasks.remove(this.#id))
  }

  #input(passwords: Passwords | undefined): { id: string; passwords?: Passwords } {
    return passwords === undefined || Object.keys(passwords).length === 0
      ? { id: this.#id }
      : { id: this.#id, passwords }
  }
}
