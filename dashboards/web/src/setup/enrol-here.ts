import { api, ApiError, load, saveSettings, send } from '../api-client.ts'
import { type Draft, needsLocal, sourceOf } from './draft.ts'
import { levelChanges } from './level-changes.ts'

/** What lets a gateway in: shown once, good for two days. */
export interface OneTimeCode {
  readonly code: string
  /** SHA-256 of the site's authority, by which the device knows the site. */
  readonly pin: string
}

/**
 * Enrols the instrument, puts in force how it is sensed, and makes a code for its gateway; each is told once only, so that
 * it may be called again after a fault. Null = this site has no doors, and its gateways need no code.
 */
export async function enrolHere(draft: Draft): Promise<OneTimeCode | null> {
  const { site, gateway, instrument, unit, nameEn, nameZh } = draft
  const names = {
    ...(nameEn.trim() === '' ? {} : { en: nameEn.trim() }),
    ...(nameZh.trim() === '' ? {} : { zh: nameZh.trim() }),
  }
  await send('/instruments', { site, gateway, instrument, unit, names })
  const key = `${site}/${instrument}`
  const { revision, settings } = await load(api.settings(key))
  const levels = { thresholds: draft.thresholds, dwellMs: draft.dwellS * 1_000 }
  if (!settings || levelChanges(settings, levels).length > 0)
    await saveSettings(key, { ...levels, revision, source: sourceOf(draft) })
  try {
    return await send<OneTimeCode>('/enrol/codes', { site, gateway })
  } catch (error) {
    if (error instanceof ApiError && error.code === 'missing') return null
    throw error
  }
}

/** What to call on the device: it makes its keys there, and its file from what the site knows. */
export function enrolCommand(draft: Draft, { code, pin }: OneTimeCode, url: string): string {
  const local = needsLocal(draft.kind) ? ` --local ${inShell(draft.local)}` : ''
  return [
    `npm run -s hours -- gateway enrol --url ${url} --code ${code} --gateway ${draft.gateway} \\`,
    `  --pin ${pin}${local} --out gateway.yaml`,
    'npm run -s hours -- gateway --config gateway.yaml',
  ].join('\n')
}

const inShell = (word: string) => (/^[\w.:/@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
