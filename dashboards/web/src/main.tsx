import { render } from 'preact'
import { api, load } from './api-client.ts'
import { App } from './app.tsx'
import { startClock } from './clock.ts'
import { startLive } from './live.ts'
import { keepPrefs } from './prefs.ts'
import { followLinks } from './route.ts'
import { returnToPlace } from './signed-in.ts'
import './style/all.css'

const root = document.getElementById('page')
keepPrefs()
returnToPlace()
followLinks()
startClock(async () => (await load(api.health())).now)
startLive()
if (root) render(<App />, root)
