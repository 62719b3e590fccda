/** What a colour may say, always beside an icon and a word. `held` is kept for "writes are frozen". */
export type Tone = 'plain' | 'active' | 'ok' | 'warn' | 'danger' | 'held'
