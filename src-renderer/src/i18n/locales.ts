import { en } from './en.ts'
import { ko } from './ko.ts'
import { zh } from './zh.ts'

export type Locale = 'en' | 'zh' | 'ko'

/** The languages of the console, each named in itself. */
export const localeNames: Readonly<Record<Locale, string>> = { en: 'English', zh: '简体中文', ko: '한국어' }

export const resources = { en, zh, ko } as const
