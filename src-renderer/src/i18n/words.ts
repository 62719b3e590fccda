import type { en } from './en.ts'

type Plural<K> = K extends `${infer Base}_one` | `${infer Base}_other` ? Base : K

/** What `t` may be asked for: the keys of `en.ts`, plural forms (`…_one`, `…_other`) by their common name. */
export type WordKey = Plural<keyof typeof en>

/** What another language must say for these words of English. Chinese and Korean have the one plural form, `…_other`. */
export type WordsLike<E> = Readonly<Record<Exclude<keyof E, `${string}_one`>, string>>

/** What another language must say: everything `en` says. */
export type Words = WordsLike<typeof en>
