import { computed } from '@preact/signals'
import { language } from '../prefs.ts'
import { en, type Text } from './en.ts'
import { zh } from './zh.ts'

/** The words in the reader's language. */
export const text = computed<Text>(() => (language.value === 'zh' ? zh : en))
export type { Text }
