export { type ApiContext } from './api/context.ts'
export { createApi } from './api/server.ts'
export { entriesOf } from './api/scope.ts'
export { makeSheet } from './exports/sheet-source.ts'
export { exportFormats, type ExportFormat, type FormFields, writeExport } from './exports/write-export.ts'
export { sitePolicy, writeBundle } from './report/write-bundle.ts'
export { type ChannelMonitor, createChannelMonitor, type MonitorOptions } from './channels/channel-monitor.ts'
export { type ChannelsFile, channelsFrom, readChannelsFile } from './channels/channel-settings.ts'
export { openProbeStore } from './channels/probe-store.ts'
export { createIngest, type IngestOptions } from './ingest.ts'
export type { RunningIngest } from './running-ingest.ts'
export type { Haste } from './haste.ts'
export { IngestError, type IngestCode } from './ingest-error.ts'
export {
  type ExternalBroker,
  type ExternalBrokerOptions,
  freshClientId,
  subscribeExternal,
} from './external-broker.ts'
export { openEvidenceLog, type EvidenceLogOptions, type EvidenceLogWriter } from './log/evidence-log.ts'
export { type LogReader, openLogReader } from './log/log-reader.ts'
export type { KnownHead } from './log/rollback.ts'
export { createLogger } from './logger.ts'
export { rebuildIndex, type Rebuilt } from './rebuild.ts'
export { reconcile, type Difference, type Reconciled } from './reconcile.ts'
export {
  createEmbeddedSeries,
  createInfluxSeries,
  createSeriesOutbox,
  feedSeries,
  type Generation,
  type InfluxOptions,
  type InfluxSeries,
  measurementNames,
  measurements,
  readOutbox,
  rebuildSiteSeries,
  type RebuiltSeries,
  type RunningOutbox,
  type SeriesCode,
  SeriesError,
  type SeriesFeed,
  type SeriesFeedOptions,
  type SeriesOutboxOptions,
} from './series/index.ts'
export { type RecordItem, recordItem } from './write-records.ts'
export type * from './ports.ts'
export type * from './series/series-ports.ts'
export type { Witness } from './witnessing/witness-client.ts'
export type { Witnessing, WitnessState } from './witnessing/witness-rounds.ts'
export { type Door, type DoorOptions, openDoor, openRegisters, type Registers } from './access/door.ts'
export { createOidcLogin, type OidcLogin, type OidcOptions } from './access/oidc.ts'
export { type Right, rights, type Role, roles } from './access/rights.ts'
export { withCertificates } from './ca/certificates.ts'
export { type KeptPower, openKeptPower } from './kept-power.ts'
export { openOperations } from './operations.ts'
