export {
  accountsDirectory,
  type Accounts,
  decodeAccounts,
  type IngestAccount,
  type Reader,
} from './accounts.ts'
export { mosquittoAcl } from './acl.ts'
export { type Broker, type BrokerOptions, createBroker } from './broker.ts'
export { type BrokerCode, BrokerError } from './broker-error.ts'
export { defaultLimits, type Limits } from './limits.ts'
export type { Listen } from './listen.ts'
export { checkPassword, hashPassword, newGatewayPassword } from './password.ts'
export { type Identity, publishRefusal, subscribeRefusal, willRefusal } from './rights.ts'
