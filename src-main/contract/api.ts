import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { connectionSchema, type ServerFacts } from './connection.ts'
import { keptCommandSchema, type CommandConsent } from './cutover-command.ts'
import type { Failure } from './failure.ts'
import type { FileReport } from './inspect.ts'
import { newPasswordSchema, type FreezePlan } from './freeze.ts'
import { guidedBackupInputSchema, guidedOrderSchema, type GuidedBackupView } from './guided-backup.ts'
import type { PracticeView } from './practice.ts'
import type { KeptRevisions } from './kept.ts'
import { preferencesSchema, type Housekeeping, type Preferences, type UpdateNews } from './preferences.ts'
import { checkIds } from './precheck.ts'
import { passwordsSchema, profileInputSchema, type ProfileView } from './profile.ts'
import { largestProfileFile } from './profile-file.ts'
import { differenceQuerySchema, differencesFormSchema, type DifferencePage } from './difference-page.ts'
import { limitsSchema, scanPaceSchema, type RestoreOrder } from './limits.ts'
import { restoreSpecSchema, type RestoreProgress } from './restore.ts'
import type { RestorePlan } from './restore-plan.ts'
import type { InterruptedView, RestoreNews, RestoreView } from './restore-view.ts'
import { readinessRequestSchema, type ReadinessStep } from './readiness.ts'
import { reportFormSchema, reportLocaleSchema } from './report.ts'
import { savedConnectionInputSchema, type SavedConnection } from './saved-connection.ts'
import { scheduleSchema } from './schedule.ts'
import { keepKeySchema, passphraseSchema, type SecretKeeping } from './secret-keeping.ts'
import { flushAnswers } from './sync.ts'
import { sightPartSchema, type KeySight } from './sight.ts'
import type { TextFile } from './text-file.ts'
import {
  pastRequestSchema,
  togetherSchema,
  type TogetherAnswer,
  type PastTasks,
  type TaskBoard,
  type TaskEvent,
  type TaskSample,
  type TaskView,
} from './task.ts'
import { verifyModeSchema } from './verify.ts'

/**
 * Everything a console may ask and hear, once, for every transport. No procedure throws: each answers
 * `{ ok }` or `{ failed }`, so a failure reaches the console whole, whatever carries it.
 */
export type Answer<T> = { readonly ok: T } | { readonly failed: Failure }

/** Output types are checked by the compiler at both ends; only input comes from outside and is validated. */
const answer = <T>() => z.custom<Answer<T>>()

/** What this host can do, asked by the console instead of guessing where it runs. */
export interface HostCapabilities {
  readonly shell: 'desktop' | 'browser'
  readonly version: string
  readonly platform: string
  /** `native`: a file dialog of the system opens; `browse`: folders are listed by `files.list`. */
  readonly filePicker: 'native' | 'browse'
  /** The folder `files.list` starts in. */
  readonly home: string
  /** Whether a plan may get a command to be run on this machine, and consent to it be given, from here. */
  readonly commands: boolean
}

export interface FolderEntry {
  readonly name: string
  readonly path: string
  readonly kind: 'folder' | 'file'
  /** Bytes; 0 for folders. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number
}

export interface FolderListing {
  readonly path: string
  readonly parent: string | null
  readonly entries: readonly FolderEntry[]
}

/** A backup file being read: how far, and at the end what is in it. */
export type InspectStep =
  | { readonly progress: { readonly bytesDone: number; readonly bytesTotal: number } }
  | { readonly report: FileReport }

/** A dry run: how far it is, and at the end what it found. */
export type PlanStep = { readonly progress: RestoreProgress } | { readonly plan: RestorePlan }

const restoreOrderSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('limits'), limits: limitsSchema }),
  z.strictObject({ type: z.literal('pause') }),
  z.strictObject({ type: z.literal('go-on') }),
]) satisfies z.ZodType<RestoreOrder>

const idInput = z.strictObject({ id: z.string().min(1).max(64) })

const differencesInput = idInput.extend(differenceQuerySchema.shape)
const differencesFileInput = idInput.extend({ form: differencesFormSchema })
/** `at`: its place among all differences. */
const lookInput = idInput.extend({ at: z.int().min(0), part: sightPartSchema })

/** Passwords are needed where the profile says `ask`; without them the answer is `task.password-needed`. */
const idWithPasswords = idInput.extend({ passwords: passwordsSchema.optional() })

export const contract = {
  host: {
    capabilities: oc.output(answer<HostCapabilities>()),
    /** The language of the window, which the system's menus and notices follow. */
    shownIn: oc.input(z.strictObject({ locale: reportLocaleSchema })).output(answer<null>()),
  },
  files: {
    /** Opens the system's dialog; null when the person closed it. Only where `filePicker` is `native`. */
    pick: oc.output(answer<string | null>()),
    list: oc.input(z.strictObject({ path: z.string().max(4096).optional() })).output(answer<FolderListing>()),
    /** Reads the whole file once, checks it, and tells what is in it: how far it is, then the report. */
    inspect: oc
      .input(z.strictObject({ path: z.string().min(1).max(4096) }))
      .output(eventIterator(answer<InspectStep>())),
  },
  connections: {
    test: oc.input(connectionSchema).output(answer<ServerFacts>()),
    /** Those that are kept, by their names. */
    list: oc.output(answer<readonly SavedConnection[]>()),
    /** Makes a new one, or replaces the one with this id. */
    save: oc.input(savedConnectionInputSchema).output(answer<SavedConnection>()),
    /** A name that is taken gets a number. */
    duplicate: oc
      .input(idInput.extend({ name: z.string().trim().min(1).max(120) }))
      .output(answer<SavedConnection>()),
    remove: oc.input(idInput).output(answer<null>()),
    /** *Test connection* with the secrets that are kept; what it tells is kept beside them. */
    probe: oc.input(idWithPasswords).output(answer<ServerFacts>()),
  },
  /** What all consoles share: told of a change they ask for it anew. */
  kept: {
    /** All revisions at once, then on every change of one (at most once a second). */
    watch: oc.output(eventIterator(answer<KeptRevisions>())),
  },
  restores: {
    /** Those that ended without being done, whoever began them, the latest first: begun again, each goes on. */
    interrupted: oc.output(answer<readonly InterruptedView[]>()),
    /** Forgets one of those: asked for again it begins anew. */
    forget: oc.input(idInput).output(answer<null>()),
    start: oc.input(restoreSpecSchema).output(answer<RestoreView>()),
    /** Begins one that has failed or was cancelled once more, as it was asked for: it goes on where it stopped. */
    again: oc.input(idInput).output(answer<RestoreView>()),
    /** Ends it, or its comparison, where one is under way. */
    cancel: oc.input(idInput).output(answer<RestoreView>()),
    /** A dry run: writes nothing, and ends when nobody listens any more. */
    plan: oc.input(restoreSpecSchema).output(eventIterator(answer<PlanStep>())),
    /** Limits, pause and going on, of one that runs. */
    order: oc.input(idInput.extend({ order: restoreOrderSchema })).output(answer<RestoreView>()),
    /** Compares the target of a finished one with its files; answers at once, `watch` tells the rest. */
    compare: oc
      .input(
        idInput.extend({
          mode: verifyModeSchema,
          repair: z.boolean().default(false),
          deleteExtra: z.boolean().default(false),
        }),
      )
      .output(answer<RestoreView>()),
    /** What its comparison has found, a page at a time. */
    differences: oc.input(differencesInput).output(answer<DifferencePage>()),
    /** All of it, as a file to be saved. */
    differencesFile: oc.input(differencesFileInput).output(answer<TextFile>()),
    /** One of them in its files and its target, as they are now. */
    look: oc.input(lookInput).output(answer<KeySight>()),
    /** The newest view at once, then on every change: steps at once, mere figures at most twice a second. */
    watch: oc.input(idInput).output(eventIterator(answer<RestoreView>())),
    /** How all of them stand: at once, then on every change (of mere figures at most once a second). */
    watchAll: oc.output(eventIterator(answer<RestoreNews>())),
  },
  preferences: {
    get: oc.output(answer<Preferences>()),
    set: oc.input(preferencesSchema).output(answer<Preferences>()),
    housekeeping: oc.output(answer<Housekeeping>()),
    /** Asks the update feed; null where none is set. */
    updates: oc.output(answer<UpdateNews | null>()),
  },
  /** How stored secrets are kept on this host. */
  secrets: {
    standing: oc.output(answer<SecretKeeping>()),
    unlock: oc.input(z.strictObject({ passphrase: passphraseSchema })).output(answer<SecretKeeping>()),
    keep: oc.input(keepKeySchema).output(answer<SecretKeeping>()),
  },
  practice: {
    view: oc.output(answer<PracticeView>()),
    /** Starts the servers, with a migration between them saved under the name. They are one pair for all consoles. */
    start: oc
      .input(z.strictObject({ name: z.string().trim().min(1).max(100) }))
      .output(answer<PracticeView>()),
    /** Ends them, and removes all that was made for them. */
    stop: oc.output(answer<PracticeView>()),
  },
  profiles: {
    /** Latest change first. */
    list: oc.output(answer<readonly ProfileView[]>()),
    get: oc.input(idInput).output(answer<ProfileView>()),
    /** Makes a new one, or replaces the one with this id. */
    save: oc.input(profileInputSchema).output(answer<ProfileView>()),
    duplicate: oc
      .input(idInput.extend({ name: z.string().trim().min(1).max(120) }))
      .output(answer<ProfileView>()),
    /** As a file without its secrets, to be saved. */
    export: oc.input(idInput).output(answer<TextFile>()),
    /** Makes a profile of such a file's text; a name that is taken gets a number. A command in it comes without consent. */
    import: oc
      .input(z.strictObject({ name: z.string().max(300), text: z.string().max(largestProfileFile) }))
      .output(answer<ProfileView>()),
    /** Refused while a task of it is not over. */
    remove: oc.input(idInput).output(answer<null>()),
    /** *Test connection* with the password the profile keeps. `server`: which of the side's. */
    probe: oc
      .input(
        idWithPasswords.extend({
          side: z.enum(['source', 'target']),
          server: z.int().min(0).max(255).default(0),
        }),
      )
      .output(answer<ServerFacts>()),
  },
  commands: {
    /** Lets this very command be run at cutovers on this machine. A person has read and typed it. */
    consent: oc.input(z.strictObject({ words: keptCommandSchema })).output(answer<CommandConsent>()),
  },
  readiness: {
    /** Looks at what applications ask, and tells whether a cluster would take it. Ends when nobody listens any more. */
    look: oc.input(readinessRequestSchema).output(eventIterator(answer<ReadinessStep>())),
  },
  /** Moves by backup, step by step; each is kept until it is forgotten. */
  guidedBackups: {
    /** Newest first. */
    list: oc.output(answer<readonly GuidedBackupView[]>()),
    /** Keeps one, and begins to look at both sides. */
    create: oc
      .input(guidedBackupInputSchema.extend({ passwords: passwordsSchema.optional() }))
      .output(answer<GuidedBackupView>()),
    /** Begins the step it stands at, with what that needs; answers at once, `watch` tells the rest. */
    proceed: oc.input(idInput.extend({ order: guidedOrderSchema })).output(answer<GuidedBackupView>()),
    /** Ends what is under way; answers when it has ended. What is frozen stays frozen. */
    cancel: oc.input(idInput).output(answer<GuidedBackupView>()),
    /** Puts password and users of the source back; what was not done yet begins anew. */
    unfreeze: oc.input(idInput).output(answer<GuidedBackupView>()),
    /** Forgets it; refused while its source is frozen. */
    remove: oc.input(idInput).output(answer<null>()),
    /** The newest view at once, then on every change (at most four a second), until it is forgotten. */
    watch: oc.input(idInput).output(eventIterator(answer<GuidedBackupView>())),
  },
  tasks: {
    /** Of those that are over, the latest end first. */
    past: oc.input(pastRequestSchema).output(answer<PastTasks>()),
    get: oc.input(idInput).output(answer<TaskView>()),
    /** A run of a profile as it stands now; later edits of the profile do not touch it. */
    create: oc.input(z.strictObject({ profile: z.string().min(1).max(64) })).output(answer<TaskView>()),
    /** Answers when the checks have begun; `watch` tells the rest. */
    check: oc.input(idWithPasswords).output(answer<TaskView>()),
    acceptWarning: oc
      .input(idInput.extend({ check: z.enum(checkIds), accepted: z.boolean() }))
      .output(answer<TaskView>()),
    /** Sets what a check found for good, where its `mend` says how, and checks again. */
    mend: oc.input(idWithPasswords.extend({ check: z.enum(checkIds) })).output(answer<TaskView>()),
    /** Runs the checks once more and begins; answers at once. */
    start: oc.input(idWithPasswords).output(answer<TaskView>()),
    /** Has it started at a time: only while it is ready. */
    schedule: oc.input(idWithPasswords.extend({ schedule: scheduleSchema })).output(answer<TaskView>()),
    unschedule: oc.input(idInput).output(answer<TaskView>()),
    pause: oc.input(idInput).output(answer<TaskView>()),
    /** `flushed`: the answer where it has stopped with `source.flushed`. */
    resume: oc
      .input(idWithPasswords.extend({ flushed: z.enum(flushAnswers).optional() }))
      .output(answer<TaskView>()),
    /** Where its source is read key by key: so many a second at the most from now on, running or not; null is no limit. */
    pace: oc.input(idInput.extend({ keysPerSecond: scanPaceSchema })).output(answer<TaskView>()),
    /** What a freeze would do and to whom. Changes nothing. */
    freezePlan: oc.input(idWithPasswords).output(answer<FreezePlan>()),
    /** Only in step. Answers at once with `freezing`; `frozen` when the last write has arrived. */
    freeze: oc
      .input(
        idInput.extend({
          newPassword: newPasswordSchema.optional(),
          /** The operator shuts the writers out, we only see to it; `newPassword` is then the one they set, if they do. */
          byHand: z.boolean().default(false),
        }),
      )
      .output(answer<TaskView>()),
    /** Puts password and users back byte for byte; answers when that is done. */
    unfreeze: oc.input(idInput).output(answer<TaskView>()),
    verify: oc
      .input(idInput.extend({ mode: z.enum(['counts', 'full']).optional() }))
      .output(answer<TaskView>()),
    /**
     * Frozen only: writes again what differs, and compares every value anew. `consent` is the target's address, typed:
     * its values are replaced. With `deleteExtra` what only the target has is deleted.
     */
    repair: oc
      .input(idInput.extend({ consent: z.string().max(300), deleteExtra: z.boolean().default(false) }))
      .output(answer<TaskView>()),
    /** `consent` is the target's address, typed, where `finishNeedsConsent` says so. */
    finish: oc
      .input(
        idInput.extend({
          consent: z.string().max(300).optional(),
          /** The source's address, typed: its keys are deleted, once they are proven to have arrived. */
          deleteSource: z.string().max(300).optional(),
          afterFinish: z.enum(['unfreeze', 'leave-frozen']).optional(),
          /** Keep the way back to the source, or not; left out, as the plan says. */
          wayBack: z.boolean().optional(),
          /** The operator's command: also where nobody knows how it ended before, or not at all. */
          command: z.enum(['again', 'skip']).optional(),
          passwords: passwordsSchema.optional(),
        }),
      )
      .output(answer<TaskView>()),
    /** Runs the command of the plan where a way back is open and it has not done its work. */
    runCommand: oc.input(idWithPasswords).output(answer<TaskView>()),
    /** Gives up: settings and password are put back, what was copied stays in the target. */
    stop: oc.input(idWithPasswords).output(answer<TaskView>()),
    /** Forgets a task that is over or was never started. */
    remove: oc.input(idInput).output(answer<null>()),
    /** The same deed for each of several; what keeps one from it does not keep the others. */
    together: oc.input(togetherSchema).output(answer<readonly TogetherAnswer[]>()),
    /** Forgets those that are over, as far as the search finds them; answers with how many. */
    clearHistory: oc.input(pastRequestSchema.pick({ search: true })).output(answer<number>()),
    /**
     * The newest view whole at once, then of every change (of mere figures at most two a second) the members of it that
     * say something else, until the task is removed.
     */
    watch: oc.input(idInput).output(eventIterator(answer<Partial<TaskView>>())),
    /** How all tasks stand: at once, then on every change (at most once a second). */
    watchAll: oc.output(eventIterator(answer<TaskBoard>())),
    /** Points of the plots since a time, thinned out to at most `limit`. */
    history: oc
      .input(
        idInput.extend({
          since: z.number().min(0).default(0),
          limit: z.int().min(2).max(5_000).default(600),
        }),
      )
      .output(answer<readonly TaskSample[]>()),
    /** What its newest comparison has found, a page at a time. */
    differences: oc.input(differencesInput).output(answer<DifferencePage>()),
    /** All of it, as a file to be saved. */
    differencesFile: oc.input(differencesFileInput).output(answer<TextFile>()),
    /** One of them on both servers, as they are now. */
    look: oc.input(lookInput).output(answer<KeySight>()),
    /** Everything about one migration, as a file to be saved. Holds no secret. */
    report: oc
      .input(idInput.extend({ form: reportFormSchema, locale: reportLocaleSchema }))
      .output(answer<TextFile>()),
    /** Newest first; `before` is an event's id. */
    events: oc
      .input(idInput.extend({ before: z.int().optional(), limit: z.int().min(1).max(500).default(100) }))
      .output(answer<readonly TaskEvent[]>()),
  },
}
