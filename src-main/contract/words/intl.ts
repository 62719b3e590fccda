/** To make a formatter takes a hundred times as long as to use it: each is made once. */
const numbers = new Map<string, Intl.NumberFormat>()
const moments = new Map<string, Intl.DateTimeFormat>()

/** What writes numbers in a language (BCP 47). */
export function numberFormat(locale: string, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  return madeOnce(numbers, locale, options, () => new Intl.NumberFormat(locale, options))
}

/** What writes moments in a language (BCP 47), by the clocks of the options' time zone or else of this machine. */
export function momentFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return madeOnce(moments, locale, options, () => new Intl.DateTimeFormat(locale, options))
}

function madeOnce<T>(made: Map<string, T>, locale: string, options: object, make: () => T): T {
  const key = `${locale} ${JSON.stringify(options)}`
  let found = made.get(key)
  if (found === undefined) {
    found = make()
    made.set(key, found)
  }
  return found
}
