export { detect, type Detected, fillUnknown } from './detect.ts'
export { createDetector, type Detector, type Pushed } from './detector.ts'
export {
  type DetectorSettings,
  type DetectorState,
  defaultPlausibleMw,
  type KnownSpan,
  type RejectReason,
  sealDelayMs,
  type Transition,
} from './detector-state.ts'
export { SensingError, type SensingErrorCode } from './error.ts'
export { plainCopy } from './plain-copy.ts'
export {
  type Contact,
  type DecodedReading,
  type DecodeOptions,
  type Decoder,
  defaultMaxSkewMs,
  type Reading,
  type Sample,
  type SensingCode,
} from './reading.ts'
export {
  decodeShelly,
  decodeShellyGen1,
  type ShellyGen1Options,
  type ShellyOptions,
} from './shelly.ts'
export { type MqttSourceDecoder, mqttSourceDecoder } from './source-decoder.ts'
export { decodeTasmota, type TasmotaOptions } from './tasmota.ts'
export { decodeZigbee2Mqtt, type Zigbee2MqttOptions } from './zigbee2mqtt.ts'
export { createDayCutter, type CivilDay } from './day-cutter.ts'
export { type KeptMinute, keptSampleMs, samplesOfMinutes } from './kept-minutes.ts'
export { createRowReader, type RowReader, type RowReject } from './recording.ts'
export { createReplayer, type Replay, type Replayer, type ReplayOptions } from './replay.ts'
export { detectTimeFormat, type TimeReader, timeReader } from './time-format.ts'
export { calibrate, type Calibrator, createCalibrator } from './calibrate.ts'
export {
  type Calibration,
  type Evidence,
  type Proposal,
  proposalSettings,
  type RefusalCode,
} from './calibration.ts'
export { binWatts, type PowerHistogram, type PowerLevel } from './power-levels.ts'
export { type Combined, type CombineMode, combineSources } from './combine.ts'
export {
  crc16,
  decodeRegisters,
  decodeRtuAnswer,
  type MeterField,
  type MeterMap,
  meters,
  type RegisterBlock,
} from './modbus.ts'
export { decodeMtconnect, type MtconnectOptions } from './mtconnect.ts'
export { decodeOpcua, type OpcuaValues } from './opcua.ts'
export { decodeSparkplug, sparkplugAliases, type SparkplugOptions } from './sparkplug.ts'
export { contactOf, decodeContact, decodePush, stateOfWord } from './stated.ts'
export { createSecondWitness, disagreementOf, type SecondWitness, type Tally } from './second-witness.ts'
