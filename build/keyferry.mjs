#!/usr/bin/env node
// The command `keyferry`: finds the built command line and a Node that can run it. It runs on Node 18 too,
// because it has to work before anything else is there.
import { pathToFileURL } from 'node:url'
import { buildIfNeeded } from './built.mjs'
import { inProject, underProjectNode } from './run.mjs'

// Taken at once out of what `ps` shows: the arguments may hold a password.
process.title = 'keyferry'

await underProjectNode()
await buildIfNeeded()
const entry = inProject('out', 'main', 'cli.js')
process.argv[1] = entry
await import(pathToFileURL(entry).href)
