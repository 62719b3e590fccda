import { expect, test, vi } from 'vitest'
import { runCommandLine } from './program.ts'

/** What a terminal of the usual width shows without breaking a line where nobody meant it to. */
const columns = 80

async function helpOf(words: readonly string[]): Promise<string> {
  let printed = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  try {
    await runCommandLine([...words, '--help'])
  } finally {
    write.mockRestore()
  }
  return printed
}

/** The commands that a page of help lists. */
function listedIn(help: string): readonly string[] {
  const [, behind = ''] = help.split('\nCommands:\n')
  const [list = ''] = behind.split('\n\n')
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'help')
}

// One process has one command line, but for this test; each has listeners of its own for closed pipes.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0)

test('every page of help fits into a terminal of 80 columns', async () => {
  const pages = new Map<string, string>()
  const read = async (words: readonly string[]): Promise<void> => {
    const help = await helpOf(words)
    pages.set(words.join(' '), help)
    for (const name of listedIn(help)) await read([...words, name])
  }
  await read([])
  const tooWide = [...pages].flatMap(([page, help]) =>
    help.split('\n').flatMap((line) => ([...line].length > columns ? [`${page}: ${line}`] : [])),
  )
  expect(tooWide).toEqual([])
  // Each was its own: none that could not be had.
  expect(new Set(pages.values()).size).toBe(pages.size)
  expect([...pages.keys()]).toEqual(expect.arrayContaining(['restore', 'profiles export', 'tasks stop']))
})
