/**
 * A message that repeats what was typed, with what may be a password taken out of it: the user part of a URL, and
 * the value glued to a mistyped flag.
 */
export function withoutSecrets(text: string): string {
  return text.replace(/:\/\/[^\s'"]*@/g, '://…@').replace(/(--?[\w-]+)=[^'\n]*/g, '$1=…')
}
