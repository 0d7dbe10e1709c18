export { createDevice, type Device, type DeviceOptions, leftHold } from './device.ts'
export {
  createSimInstrument,
  demoFleet,
  type Fleet,
  gatewayConfigs,
  gridFleet,
  simOrganisation,
} from './fleet.ts'
export { settingsOf, type SimInstrument, stretchesOf, wattsAt } from './instrument.ts'
export { type Kind, type KindId, kinds } from './kinds.ts'
export { createModbusMeter, type MeterReading, type ModbusMeter } from './modbus-meter.ts'
export { createMtconnectAgent, type MachineState } from './mtconnect-agent.ts'
export { createOpcuaMachine, type MachineItem, type OpcuaMachine } from './opcua-server.ts'
export { createPlugBroker, type PlugBroker } from './plug-broker.ts'
export { createDevicePublisher, type DevicePublisher } from './publisher.ts'
export { chance, createRandom, hash } from './random.ts'
export { createSparkplugNode, type SparkplugMetric, type SparkplugNode } from './sparkplug-node.ts'
export type { DeviceMessage } from './speak.ts'
export type { Stretch } from './plan.ts'
