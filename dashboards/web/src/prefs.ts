import { effect, signal } from '@preact/signals'

export type Language = 'en' | 'zh'
export type Theme = 'light' | 'dark'

const root = document.documentElement

/** Language of every label, number and date; set first by `theme.js` before the first paint. */
export const language = signal<Language>(root.lang.startsWith('zh') ? 'zh' : 'en')
export const theme = signal<Theme>(root.dataset['theme'] === 'dark' ? 'dark' : 'light')

export const localeOf = (of: Language): string => (of === 'zh' ? 'zh-CN' : 'en-GB')

/** Writes both to the document and keeps what the reader chose; a browser without storage forgets, no more. */
export function keepPrefs(): void {
  effect(() => {
    root.lang = language.value === 'zh' ? 'zh-CN' : 'en'
  })
  effect(() => {
    root.dataset['theme'] = theme.value
  })
}

export function chooseLanguage(chosen: Language): void {
  language.value = chosen
  remember('lang', chosen)
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen
  remember('theme', chosen)
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`hours.${name}`, value)
  } catch {
    // Storage is off in this browser; the choice holds for this visit.
  }
}
