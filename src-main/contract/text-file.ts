/** A text to be saved as a file. */
export interface TextFile {
  /** A name to save it under. */
  readonly name: string
  readonly text: string
}

/** What every system takes as a file's name; `otherwise` where nothing of the text is left. */
export function fileNameOf(text: string, otherwise: string): string {
  const plain = text.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '')
  return plain === '' ? otherwise : plain.slice(0, 80)
}
