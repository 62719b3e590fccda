/** The name that the first line of a library's code gives it: `#!lua name=mylib`. */
export function libraryName(code: Uint8Array): string {
  return /^#![^\n]*\bname=(\S+)/.exec(Buffer.from(code.subarray(0, 512)).toString())?.[1] ?? ''
}
