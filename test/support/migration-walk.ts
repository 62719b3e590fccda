import type { Locator, Page } from 'playwright-core'
import { en } from '../../src-renderer/src/i18n/en.ts'
import type { Words } from '../../src-renderer/src/i18n/words.ts'
import type { Hand } from './hand.ts'
import { mouse } from './hand.ts'

/** A server as a person enters it. */
export interface Side {
  readonly port: number
  readonly password: string
}

/** What a person does on the way through a migration, by what he reads on the screen, in any language. */
export interface MigrationWalk {
  readonly main: Locator
  /** From the first page into the wizard. */
  openWizard(): Promise<void>
  /** Names the migration, enters both servers and tests the connection to each. */
  enterBothSides(name: string, source: Side, target: Side): Promise<void>
  /** From the target to the checks, with everything as proposed. */
  keepOptions(): Promise<void>
  /** Waits for the checks and accepts what they warn of; resolves with how many warnings there were. */
  acceptWarnings(): Promise<number>
  /** From the passed checks over the review to the page of the started task. */
  start(): Promise<void>
  /** Resolves once the task's page says both sides are in step. */
  untilInStep(): Promise<void>
  /** From the task's page: the plan of the freeze, its confirmation, until the last write has arrived. */
  freeze(source: Side, as?: Crossover): Promise<void>
  /** Resolves with the number of keys the page says are equal. */
  prove(): Promise<number>
  /** Resolves with the write pause as the page gives it. */
  finish(): Promise<string>
  /** The same with the way back kept; from there to the way back's own page. */
  finishWithWayBack(name: string): Promise<void>
  /** The end of a roll back. */
  rollBack(): Promise<void>
  /** From anywhere to the page of a task in the list of all. */
  openTask(name: string): Promise<void>
  /** From anywhere to the checks of a saved profile, with everything in it as it was left. */
  openProfile(name: string): Promise<void>
  /** From the task's page: hands the report to whoever takes what the page saves. */
  saveReport(): Promise<void>
}

/** What a freeze is part of. */
type Crossover = 'cutover' | 'rollBack'

const opened = { cutover: 'task.cutover', rollBack: 'wayBack.rollBack' } as const

export function walkMigration(page: Page, words: Words = en, hand: Hand = mouse): MigrationWalk {
  const main = page.getByRole('main')
  const say = (key: keyof Words, params: Readonly<Record<string, string>> = {}): string =>
    Object.entries(params).reduce((text, [name, value]) => text.replace(`{${name}}`, value), words[key])
  /** What stands before the first parameter. */
  const beginningOf = (key: keyof Words): string => words[key].split('{')[0] ?? ''
  const heading = (key: keyof Words, params = {}): Promise<void> =>
    page.getByRole('heading', { level: 1, name: say(key, params) }).waitFor()
  const button = (name: string): Locator => main.getByRole('button', { name, exact: true })
  const link = (name: string): Locator => main.getByRole('link', { name, exact: true })
  const next = (step: keyof Words): Promise<void> =>
    hand.press(button(say('wizard.next', { step: words[step] })))
  const place = (name: keyof Words): Locator =>
    page.getByRole('navigation', { name: words['nav.places'] }).getByRole('link', { name: words[name] })
  const legDone = (leg: keyof Words): Locator =>
    main.locator('li[data-state=done]').filter({ has: page.getByRole('heading', { name: words[leg] }) })

  /** Waits as long as work may take; what the page says instead is told. */
  async function see(what: Locator): Promise<void> {
    await what.waitFor({ timeout: 60_000 }).catch(async () => {
      throw new Error(`never seen: ${String(what)}. The page says:\n${await main.innerText()}`)
    })
  }

  async function enter(side: Side): Promise<void> {
    await hand.type(main.getByLabel(words['connection.host'], { exact: true }), '127.0.0.1')
    await hand.type(main.getByLabel(words['connection.port'], { exact: true }), String(side.port))
    await hand.type(main.getByLabel(words['connection.password'], { exact: true }), side.password)
    await hand.press(button(words['connection.test']))
    await main.getByText(say('facts.connected', { address: `127.0.0.1:${side.port}` })).waitFor()
  }

  return {
    main,
    async openWizard() {
      await hand.press(link(words['door.live.action']))
      await heading('migration.source.title')
    },
    async enterBothSides(name, source, target) {
      await hand.type(main.getByLabel(words['migration.name'], { exact: true }), name)
      await enter(source)
      await next('step.target')
      await heading('migration.target.title')
      await enter(target)
    },
    async keepOptions() {
      await next('step.scope')
      await heading('scope.title')
      await next('step.options')
      await heading('migration.options.title')
      await next('step.check')
      await heading('checks.title')
    },
    async acceptWarnings() {
      const open = main.getByRole('checkbox', { name: words['checks.accept'], checked: false })
      const name = say('wizard.next', { step: words['step.review'] })
      const passable = main.getByRole('button', { name, exact: true, disabled: false })
      await see(open.or(passable).first())
      await see(button(words['checks.again']))
      const warnings = await open.count()
      for (let left = warnings; left > 0; left -= 1) {
        await hand.press(open.first())
        await open.nth(left - 1).waitFor({ state: 'detached' })
      }
      return warnings
    },
    async start() {
      await next('step.review')
      await heading('restore.review.title')
      await hand.press(button(words['migration.start']))
      await page.waitForURL(/#\/tasks\//)
    },
    async untilInStep() {
      await see(main.getByText(words['task.inStep.title']))
    },
    async freeze(source, as = 'cutover') {
      const address = `127.0.0.1:${source.port}`
      await hand.press(link(words[opened[as]]))
      await heading(`${as}.title`)
      await hand.press(link(words['cutover.freeze.go']))
      await heading('freeze.title', { address })
      await hand.type(main.getByRole('textbox'), address)
      await hand.press(button(words['freeze.deed']))
      await heading(`${as}.title`)
      await see(legDone('cutover.drain'))
    },
    async prove() {
      await hand.press(button(words['task.verify']))
      await see(legDone('cutover.prove'))
      const told = await legDone('cutover.prove')
        .getByText(beginningOf('cutover.prove.equal_other'))
        .innerText()
      return Number(told.replace(/\D/g, ''))
    },
    async finish() {
      await hand.press(button(words['cutover.finish.deed']))
      await see(legDone('cutover.finish'))
      // The leg ends with the write pause; only then is the source put back as it was.
      await see(main.getByText(words['task.state.finished'], { exact: true }).first())
      return main.locator('dt', { hasText: words['pause.lasted'] }).locator('+ dd').innerText()
    },
    async finishWithWayBack(name) {
      await hand.press(main.getByRole('checkbox', { name: words['wayBack.option'] }))
      await hand.press(button(words['cutover.finish.deed']))
      await see(legDone('cutover.finish'))
      await this.openTask(name)
      await see(main.getByText(words['wayBack.kept.title']))
      await hand.press(link(words['wayBack.kept.show']))
      await see(main.getByText(words['wayBack.open.title']))
    },
    async rollBack() {
      await hand.press(button(words['rollBack.finish']))
      await see(main.getByText(words['task.state.rolled-back'], { exact: true }).first())
    },
    async openTask(name) {
      await hand.press(place('nav.tasks'))
      await hand.press(link(name))
      await page.getByRole('heading', { level: 1, name }).waitFor()
    },
    async openProfile(name) {
      await hand.press(place('nav.profiles'))
      await hand.press(main.getByRole('row', { name }).getByRole('link', { name: words['profiles.open'] }))
      await heading('migration.source.title')
      await next('step.target')
      await heading('migration.target.title')
      await this.keepOptions()
    },
    async saveReport() {
      await hand.press(button(words['task.report']))
    },
  }
}
