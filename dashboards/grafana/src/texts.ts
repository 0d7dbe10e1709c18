/** What a title says: one language, or both side by side. */
export type Language = 'en' | 'zh' | 'both'
export type Text = readonly [en: string, zh: string]

export const say = ([en, zh]: Text, language: Language): string =>
  language === 'en' ? en : language === 'zh' ? zh : `${en} · ${zh}`
