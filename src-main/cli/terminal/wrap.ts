/** Breaks a sentence between words so that no line is wider than `columns`, each line behind `indent`. */
export function wrap(text: string, columns: number, indent = ''): string {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(' ')) {
    const longer = line === indent ? indent + word : `${line} ${word}`
    if (longer.length > columns && line !== indent) {
      lines.push(line)
      line = indent + word
    } else line = longer
  }
  return [...lines, line].join('\n')
}

// eslint-disable-next-line no-control-regex -- how a terminal is told of bold and dim letters
const letterStyles = /\u001b\[\d+m/g

/**
 * Breaks the sentences of a text for a terminal of `columns`. What is indented is a command, or a row of a table, and
 * stays whole to be copied.
 */
export function wrapSentences(text: string, columns: number): string {
  const fits = (line: string): boolean => line.replace(letterStyles, '').length <= columns
  return text
    .split('\n')
    .map((line) => (line.startsWith(' ') || fits(line) ? line : wrap(line, columns)))
    .join('\n')
}
