import type { SourceLoaders } from './source-runner.ts'

/** Polled kinds this gateway can read; a file is loaded when a source of its kind is configured. */
export const sourceLoaders: SourceLoaders = {
  'modbus-tcp': async () => (await import('./sources/modbus-source.ts')).startModbusTcp,
  'modbus-rtu': async () => (await import('./sources/modbus-source.ts')).startModbusRtu,
  'http-push': async () => (await import('./sources/push-source.ts')).startPush,
  gpio: async () => (await import('./sources/gpio-source.ts')).startGpio,
  opcua: async () => (await import('./sources/opcua-source.ts')).startOpcua,
  sparkplug: async () => (await import('./sources/sparkplug-source.ts')).startSparkplug,
  mtconnect: async () => (await import('./sources/mtconnect-source.ts')).startMtconnect,
}
