import type { Page } from '@hours/protocol'

/** A page whose signature holds and whose fields are well formed. */
export interface OpenedPage {
  readonly page: Page
  /** SHA-256 of the record's bytes, base64url: what the next page names as `prev`. */
  readonly digest: string
}
