import { mount } from 'svelte'
import App from './App.svelte'
import { connectConsole } from './client.ts'
import { theme } from './state/theme.svelte.ts'
import './styles/tokens.css'
import './styles/base.css'
import './styles/layout.css'

const place = document.getElementById('app')
if (place === null) throw new Error('The page has no place for the console')
theme.show()
mount(App, { target: place, props: { connection: connectConsole() } })
