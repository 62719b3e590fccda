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
