import type { en } from './en.ts'

type Plural<K> = K extends `${infer Base}_one` | `${infer Base}_other` ? Base : K

/** What `t` may be asked for: the keys of `en.ts`, plural forms (`…_one`, `…_other`) by their common name. */
export type WordKey = Plural<keyof typeof en>

/** What another language must say: everything `en` says. Chinese and Korean have the one plural form, `…_other`. */
export type Words = Readonly<Record<Exclude<keyof typeof en, `${string}_one`>, string>>
