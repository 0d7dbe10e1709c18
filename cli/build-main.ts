// npm run build: the built-in page, before `serve` runs where it may not write (a service, an image).
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildPage } from './build-page.ts'

const built = existsSync(join(buildPage(), 'index.html'))
if (!built) process.exitCode = 1
