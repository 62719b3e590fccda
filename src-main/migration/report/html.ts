import { addressOf } from '#contract/connection.ts'
import { lineOfCommand, type CutoverCommand } from '#contract/cutover-command.ts'
import type { CheckResult, CheckState } from '#contract/precheck.ts'
import type { EndpointView, ProfileOptions } from '#contract/profile.ts'
import type { MigrationReport } from '#contract/report.ts'
import type { SettingChange, TaskSample } from '#contract/task.ts'
import { reportEn, type ReportWords } from '#contract/words/report-en.ts'
import { reportKo } from '#contract/words/report-ko.ts'
import { reportZh } from '#contract/words/report-zh.ts'
import { sayEvent } from '#contract/words/say-event.ts'
import { sayDifference } from '#contract/words/say-difference.ts'
import { languages, sayFailure, type Locale } from '#contract/words/say-failure.ts'
import { sayFinding } from '#contract/words/say-finding.ts'
import { names, sayName, type NameWords } from '#contract/words/say-name.ts'
import type { FollowedRules } from '#contract/selection.ts'
import { formatBytes } from '#contract/words/template.ts'
import { drawChart, type Line, type Span } from './chart.ts'
import { escapeHtml } from './escape-html.ts'
import { Formats } from './formats.ts'
import { fill, paragraph, table } from './markup.ts'
import { styles } from './styles.ts'

const wordsOf: Readonly<Record<Locale, ReportWords>> = { en: reportEn, zh: reportZh, ko: reportKo }

/** A report as one page: no script, nothing from elsewhere, readable on paper too. */
export function renderReport(report: MigrationReport, locale: Locale): string {
  return new Page(report, locale).render()
}

const optionNames: Readonly<Record<keyof ProfileOptions, keyof NameWords>> = {
  onConflict: 'migration.conflict',
  mode: 'migration.mode',
  prefer: 'migration.prefer',
  proof: 'migration.proof',
  afterFinish: 'migration.after',
  wayBack: 'wayBack.option',
  onCutover: 'migration.onCutover',
  adjustSettings: 'migration.adjust',
  lockTarget: 'migration.lockTarget',
  pauseSaves: 'migration.pauseSaves',
  copyConnections: 'migration.copyConnections',
  lanes: 'migration.lanes',
  scanKeysPerSecond: 'migration.scanPace',
  rules: 'migration.rules',
}

/** As the command line names them. */
function sayRules(rules: FollowedRules): string {
  return Object.entries(rules)
    .filter(([, rule]) => rule !== undefined && (!Array.isArray(rule) || rule.length > 0))
    .map(([name, rule]) => `${name}: ${typeof rule === 'string' ? rule : JSON.stringify(rule)}`)
    .join('; ')
}

type Row = readonly [label: string, text: string]

class Page {
  readonly #report: MigrationReport
  readonly #locale: Locale
  readonly #words: ReportWords
  readonly #formats: Formats

  constructor(report: MigrationReport, locale: Locale) {
    this.#report = report
    this.#locale = locale
    this.#words = wordsOf[locale]
    this.#formats = new Formats(languages[locale].locale)
  }

  render(): string {
    const { task } = this.#report
    const words = this.#words
    const title = `${words.title}: ${task.name}`
    const sections = [
      this.#facts(words.what, this.#whatWasMoved()),
      this.#facts(words.totals, this.#totals()),
      this.#proof(),
      this.#course(),
      this.#checks(),
      this.#settings(),
      this.#facts(words.options, this.#options()),
      this.#events(),
    ]
    return `<!doctype html>
<html lang="${this.#formats.tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${styles}</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(title)}</h1>
<p class="route">${escapeHtml(addressOf(task.source))} → ${escapeHtml(addressOf(task.target))}</p>
${this.#outcome()}
</header>
${sections.filter((section) => section !== '').join('\n')}
<footer>${escapeHtml(this.#madeBy())}</footer>
</main>
</body>
</html>
`
  }

  #outcome(): string {
    const { task } = this.#report
    const words = this.#words
    const { state, failure } = task
    const [tone, text] =
      state === 'finished'
        ? (['ok', words.outcomeFinished] as const)
        : state === 'way-back'
          ? (['ok', words.outcomeWayBack] as const)
          : state === 'rolled-back'
            ? (['warn', words.outcomeRolledBack] as const)
            : state === 'stopped'
              ? (['warn', words.outcomeStopped] as const)
              : state === 'failed'
                ? (['bad', words.outcomeFailed] as const)
                : (['plain', words.outcomeUnderWay] as const)
    const why = failure === null ? '' : sayFailure(failure, this.#locale).what
    return `<p class="outcome ${tone}">${escapeHtml(text)}</p>${why === '' ? '' : paragraph(`${why} (${failure?.code})`)}`
  }

  #whatWasMoved(): readonly Row[] {
    const { startedAt, endedAt, name, source, target } = this.#report.task
    const words = this.#words
    return [
      [words.profile, name],
      [words.source, this.#server(source)],
      [words.target, this.#server(target)],
      [words.startedAt, startedAt === null ? words.notStarted : this.#formats.moment(startedAt)],
      [words.endedAt, endedAt === null ? words.running : this.#formats.moment(endedAt)],
      ...(startedAt === null
        ? []
        : [[words.took, this.#formats.duration((endedAt ?? this.#report.madeAt) - startedAt)] as const]),
    ]
  }

  /** Its address, and what a person has said of the instance behind it. */
  #server(side: EndpointView): string {
    const { instanceId, access } = side
    const said = [instanceId, access && sayName('access', access, this.#locale)].filter(Boolean).join(', ')
    return said === '' ? addressOf(side) : `${addressOf(side)} (${said})`
  }

  #totals(): readonly Row[] {
    const { progress, writePause, command } = this.#report.task
    const words = this.#words
    const count = (value: number): string => this.#formats.count(value)
    return [
      ...(progress === null
        ? []
        : ([
            [words.keysCopied, count(progress.copiedKeys)],
            [words.bytesCopied, formatBytes(progress.copiedBytes, this.#formats.tag)],
            [words.writes, count(progress.writes)],
            [words.resyncs, `${count(progress.fullResyncs)}, ${count(progress.partialResyncs)}`],
            [words.reconnects, `${count(progress.sourceReconnects)}, ${count(progress.targetReconnects)}`],
          ] as const)),
      [words.writePause, writePause === null ? words.writePauseNone : this.#pause()],
      ...(command === null ? [] : [[words.command, this.#command(command)] as const]),
    ]
  }

  /** What was run at the cutover, how it ended, and its last line. */
  #command({ words, exitCode, output }: CutoverCommand): string {
    const last = output.at(-1)
    return `${lineOfCommand(words)} → ${exitCode ?? '–'}${last === undefined ? '' : ` (${last})`}`
  }

  #pause(): string {
    const { writePause } = this.#report.task
    if (writePause === null) return ''
    const { startedAt, endedAt, endedBy } = writePause
    if (endedAt === null) return `${this.#formats.moment(startedAt)} …`
    const how = endedBy === 'finished' ? this.#words.endedByFinished : this.#words.endedByUnfrozen
    return `${this.#formats.duration(endedAt - startedAt)} (${this.#formats.moment(startedAt)}; ${how})`
  }

  #proof(): string {
    const { proof } = this.#report.task
    const words = this.#words
    const result = proof?.result ?? null
    if (proof === null || result === null) return this.#section(words.proof, paragraph(words.proofNone))
    const figures = {
      compared: this.#formats.count(result.compared),
      differing: this.#formats.count(result.differing),
    }
    const verdict = fill(result.equal ? words.proofEqual : words.proofDiffers, figures)
    const mode = { counts: words.modeCounts, sample: words.modeSample, full: words.modeFull }[result.mode]
    const functions = sayName('functions', result.functions, this.#locale)
    const standing = proof.void
      ? words.proofVoid
      : proof.underFreeze
        ? words.proofUnderFreeze
        : words.proofNotFrozen
    const counts = table(
      [words.db, words.keysAtSource, words.keysAtTarget],
      result.counts.map(({ db, source, target }) => [
        String(db),
        this.#formats.count(source),
        this.#formats.count(target),
      ]),
    )
    const listed = { listed: this.#formats.count(result.differences.length), differing: figures.differing }
    const differences =
      result.differences.length === 0
        ? ''
        : `<h3>${escapeHtml(words.differences)}</h3>${paragraph(fill(words.differencesListed, listed))}${table(
            [words.db, words.key, words.kind, words.detail],
            result.differences.map(({ db, key, kind, detail }) => [
              String(db),
              key,
              sayName('difference.kind', kind, this.#locale),
              sayDifference(detail, this.#locale),
            ]),
          )}`
    const equal = `<p class="outcome ${result.equal ? 'ok' : 'bad'}">${escapeHtml(verdict)}</p>`
    return this.#section(
      words.proof,
      `${equal}${paragraph(mode)}${paragraph(functions)}${paragraph(standing)}${counts}${differences}`,
    )
  }

  #course(): string {
    const words = this.#words
    const { samples } = this.#report
    if (samples.length < 2) return ''
    const line = (label: string, of: (sample: TaskSample) => number | null): Line => ({
      label,
      points: samples.map((sample) => ({ at: sample.at, value: of(sample) })),
    })
    const charts: readonly (readonly [title: string, lines: readonly Line[]])[] = [
      [words.rate, [line(words.rate, ({ writesPerSecond }) => writesPerSecond)]],
      [words.lag, [line(words.lag, ({ lagMs }) => lagMs)]],
      [
        words.keys,
        [
          line(words.keysAtSource, ({ sourceKeys }) => sourceKeys),
          line(words.keysAtTarget, ({ targetKeys }) => targetKeys),
        ],
      ],
    ]
    return this.#section(words.course, charts.map(([title, lines]) => this.#chart(title, lines)).join(''))
  }

  #chart(title: string, lines: readonly Line[]): string {
    const { writePause } = this.#report.task
    const words = this.#words
    const spans: readonly Span[] =
      writePause === null
        ? []
        : [
            {
              from: writePause.startedAt,
              to: writePause.endedAt ?? this.#report.madeAt,
              label: words.writePause,
            },
          ]
    const value = (one: number): string => this.#formats.count(one)
    const drawing = drawChart({ title, lines, spans, value, moment: (at) => this.#formats.moment(at) })
    if (drawing === '') return ''
    const rows = lines.map(({ label, points }) => {
      const known = points.flatMap((point) => point.value ?? []).sort((a, b) => a - b)
      const figures = known.length === 0 ? [] : [known[0]!, known[known.length >> 1]!, known.at(-1)!]
      return [label, ...figures.map(value)]
    })
    const legend = lines.map(
      ({ label }, index) => `<span class="key key-${index}">${escapeHtml(label)}</span>`,
    )
    const figures = table(['', words.lowest, words.median, words.highest], rows)
    return `<figure><figcaption>${escapeHtml(title)}${lines.length > 1 ? ` ${legend.join(' ')}` : ''}</figcaption>${drawing}${figures}</figure>`
  }

  #checks(): string {
    const { checks } = this.#report.task
    const words = this.#words
    if (checks === null) return ''
    const rows = checks.results.map((result) => [
      sayName('check', result.id, this.#locale),
      this.#checkState(result),
      this.#finding(result),
    ])
    return this.#section(words.checks, table([words.check, words.result, words.found], rows, 2))
  }

  #checkState({ state, acceptedAt }: CheckResult): string {
    const words = this.#words
    const names: Readonly<Record<CheckState, string>> = {
      passed: words.statePassed,
      warning: words.stateWarning,
      failed: words.stateFailed,
      'timed-out': words.stateTimedOut,
      skipped: words.stateSkipped,
      running: words.stateRunning,
    }
    if (acceptedAt === null) return names[state]
    return `${names[state]}, ${fill(words.accepted, { at: this.#formats.moment(acceptedAt) })}`
  }

  #finding(result: CheckResult): string {
    const { found, why } = sayFinding(result, this.#locale)
    return result.state === 'passed' || why === '' ? found : `${found} ${why}`
  }

  #settings(): string {
    const { settings } = this.#report.task
    const words = this.#words
    if (settings.length === 0) return this.#section(words.settings, paragraph(words.settingsNone))
    const after: Readonly<Record<SettingChange['state'], string>> = {
      changed: words.settingChanged,
      restored: words.settingRestored,
      left: words.settingLeft,
      'by-hand': words.settingByHand,
    }
    const sides = { source: words.source, target: words.target }
    const shown = (value: string): string => (value === '' ? '""' : value)
    const rows = settings.map(({ side, server, name, before, during, state }) => [
      `${[sides[side], ...(server === undefined ? [] : [server])].join(' ')}: ${name}`,
      shown(before),
      shown(during),
      after[state],
    ])
    return this.#section(
      words.settings,
      table([words.setting, words.before, words.during, words.after], rows),
    )
  }

  #options(): readonly Row[] {
    const { options } = this.#report.task
    const said = names[this.#locale]
    const flag = (is: boolean): string => (is ? this.#words.yes : this.#words.no)
    const values: Readonly<Record<keyof ProfileOptions, string>> = {
      onConflict: said[`conflict.${options.onConflict}`],
      mode: said[`migration.mode.${options.mode}`],
      prefer: said[`migration.prefer.${options.prefer ?? 'primary'}`],
      copyConnections: String(options.copyConnections),
      lanes: String(options.lanes),
      scanKeysPerSecond: this.#report.task.scanKeysPerSecond?.toString() ?? said['limits.none'],
      adjustSettings: flag(options.adjustSettings),
      pauseSaves: flag(options.pauseSaves),
      lockTarget: flag(options.lockTarget),
      proof: said[`migration.proof.${options.proof}`],
      afterFinish: said[`migration.after.${options.afterFinish}`],
      wayBack: flag(options.wayBack),
      rules: options.rules === undefined ? said['limits.none'] : sayRules(options.rules),
      onCutover: options.onCutover ? lineOfCommand(options.onCutover) : said['limits.none'],
    }
    return (Object.keys(optionNames) as (keyof ProfileOptions)[]).map((option) => [
      said[optionNames[option]],
      values[option],
    ])
  }

  #events(): string {
    const words = this.#words
    const rows = this.#report.events.map((event) => [
      this.#formats.moment(event.at),
      sayEvent(event, this.#locale),
    ])
    return this.#section(words.events, table([words.at, words.event], rows, 1))
  }

  #facts(title: string, rows: readonly Row[]): string {
    const lines = rows.map(([label, text]) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(text)}</dd>`)
    return this.#section(title, `<dl>${lines.join('')}</dl>`)
  }

  #section(title: string, body: string): string {
    return `<section><h2>${escapeHtml(title)}</h2>${body}</section>`
  }

  #madeBy(): string {
    const { keyferry, madeOn, madeAt } = this.#report
    return fill(this.#words.madeBy, {
      version: keyferry,
      host: madeOn.host,
      user: madeOn.user,
      at: this.#formats.moment(madeAt),
    })
  }
}
