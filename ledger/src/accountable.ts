import type { InstrumentKey, Page } from '@hours/protocol'
import type { InstrumentAccount } from './account.ts'
import { createAccountBook } from './account-book.ts'
import type { PageClass } from './clock-rules.ts'

/** What of a page accounts for time; a reader of a long log keeps nothing else. */
export type AccountedPage = Pick<Page, 'site' | 'gateway' | 'epoch' | 'seq' | 'from' | 'to'> & {
  readonly instruments: readonly Pick<
    Page['instruments'][number],
    'id' | 'spans' | 'onMs' | 'runMs' | 'mwh'
  >[]
}

/** A logged page with what the rules said about it; order does not matter. */
export interface LoggedPage {
  readonly page: AccountedPage
  readonly digest: string
  /** Equivocating pages, and those logged after them in their epoch, are `void`. */
  readonly standing: 'accepted' | 'void'
  readonly class: PageClass
  /** From `judgeTime`. */
  readonly unknown?: 'time' | 'clock'
}

/**
 * What the pages together account for, an instrument at a time (records.md, section 6). Across epochs and gateways
 * equal states count once and different ones are unknown, `conflict`; void pages account for nothing.
 */
export function accountablePages(pages: readonly LoggedPage[]): Map<InstrumentKey, InstrumentAccount> {
  const book = createAccountBook()
  for (const page of pages) book.add(page)
  const accounts = new Map<InstrumentKey, InstrumentAccount>()
  for (const key of book.keys()) {
    const account = book.account(key)
    if (account) accounts.set(key, account)
  }
  return accounts
}
