import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { type Clock, networkOf } from '@hours/protocol'
import { type Certificates, createCertificates } from '../ca/certificates.ts'
import { createEnrolmentCodes, type EnrolmentCodes } from '../ca/enrolment-codes.ts'
import { openSiteCa, type SiteCa } from '../ca/site-ca.ts'
import { createGatewayPasswords, type GatewayPasswords } from '../gateway-passwords.ts'
import { openOperations } from '../operations.ts'
import { type Accounts, createAccounts } from './accounts.ts'
import { type AuditTrail, createAuditTrail } from './audit-trail.ts'
import { createInvitations, type Invitations } from './invitations.ts'
import type { OidcLogin } from './oidc.ts'
import { createPace, createQueue, type Rate } from './pace.ts'

/** Everything that decides who comes in: people and machines by HTTP, gateways by certificate. */
export interface Door {
  readonly accounts: Accounts
  readonly invitations: Invitations
  readonly audit: AuditTrail
  readonly codes: EnrolmentCodes
  readonly certificates: Certificates
  readonly ca: SiteCa
  readonly oidc?: OidcLogin
  /** ms to wait before this address may try a password, code or link again; 0 = now. */
  readonly guessPace: (address: string) => number
  /** ms to wait before this account or address may ask anything again; 0 = now. */
  readonly askPace: (name: string) => number
  /** Password checks cost 60 ms each in the threads that also sync the log: few at once, the others wait or are refused. */
  readonly inTurn: <T>(task: () => Promise<T>) => Promise<T | undefined>
  /** Ends the live session of a gateway that was shut out. */
  readonly endSession: (gateway: string, reason: string) => void
  close(): void
}

export interface DoorOptions {
  readonly dataDir: string
  readonly clock: Clock
  readonly oidc?: OidcLogin
  /** Of one account, or of one address where nobody is signed in; default 50 a second, 400 at once. */
  readonly askRate?: Rate
  /** Of passwords, codes and links from one address; default one in 5 s, 12 at once. */
  readonly guessRate?: Rate
  readonly endSession?: (gateway: string, reason: string) => void
}

/** Opens the door's part of operations.sqlite and the site's authority in `<data>/ca`, made at the first start. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { dataDir, clock } = options
  const ca = await openSiteCa(join(dataDir, 'ca'), clock)
  const guessPace = createPace(options.guessRate ?? { perSecond: 0.2, burst: 12 }, clock)
  const db = openOperations(join(dataDir, 'operations.sqlite'))
  return {
    ...registersOf(db, clock),
    ca,
    ...(options.oidc ? { oidc: options.oidc } : {}),
    guessPace: (address) => guessPace(networkOf(address)),
    askPace: createPace(options.askRate ?? { perSecond: 50, burst: 400 }, clock),
    inTurn: createQueue(2, 32),
    endSession: options.endSession ?? (() => undefined),
    close: () => db.close(),
  }
}

/** What the console (`hours account`, `hours enrol`) reads and writes beside a running service. */
export type Registers = Pick<Door, 'accounts' | 'invitations' | 'audit' | 'codes' | 'certificates'> & {
  readonly gatewayPasswords: GatewayPasswords
}

const registersOf = (db: DatabaseSync, clock: Clock): Registers => ({
  accounts: createAccounts(db, clock),
  invitations: createInvitations(db, clock),
  audit: createAuditTrail(db, clock),
  codes: createEnrolmentCodes(db, clock),
  certificates: createCertificates(db, clock),
  gatewayPasswords: createGatewayPasswords(db),
})

/** The registers alone, for the console; call `close` when done. */
export function openRegisters(dataDir: string, clock: Clock): Registers & { close(): void } {
  const db = openOperations(join(dataDir, 'operations.sqlite'))
  return { ...registersOf(db, clock), close: () => db.close() }
}
