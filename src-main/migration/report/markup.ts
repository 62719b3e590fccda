import { escapeHtml } from './escape-html.ts'

/** Text as a paragraph. */
export function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`
}

/** The first `unbroken` columns are short words, or moments, that stay on one line. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[], unbroken = 0): string {
  const cells = (tag: 'th' | 'td', texts: readonly string[]): string =>
    texts
      .map((text, at) => `<${tag}${at < unbroken ? ' class="unbroken"' : ''}>${escapeHtml(text)}</${tag}>`)
      .join('')
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')
  return `<div class="table"><table><thead><tr>${cells('th', heads)}</tr></thead><tbody>${body}</tbody></table></div>`
}

/** Fills the `{names}` of a template. */
export function fill(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')
}
