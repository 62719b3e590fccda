/** Standard input, among the inputs of a restore. */
export const stdinInput = '-'

/** Whether an input of a restore is fetched over HTTP. */
export function isUrlInput(input: string): boolean {
  return /^https?:\/\//i.test(input)
}

/**
 * What an input is called wherever it is shown, kept or reported: a path as it is, a URL by its host and path.
 * Its user, password and query stay out: a signed URL is a password.
 */
export function nameInput(input: string): string {
  if (input === stdinInput) return 'stdin'
  if (!isUrlInput(input)) return input
  // What cannot be parsed may hold a password anywhere.
  if (!URL.canParse(input)) return 'URL'
  const { protocol, host, pathname } = new URL(input)
  return `${protocol}//${host}${pathname}`
}

/** What several inputs are called together. */
export function nameInputs(inputs: readonly string[]): string {
  return inputs.map(nameInput).join(', ')
}
