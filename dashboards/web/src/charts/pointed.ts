import { signal } from '@preact/signals'

/** The instant that the reader points at, Unix ms: shown in every chart over the same time. */
export const pointed = signal<number | undefined>(undefined)
