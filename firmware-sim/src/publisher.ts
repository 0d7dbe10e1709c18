import { connectAsync } from 'mqtt'
import type { DeviceMessage } from './speak.ts'

/** Puts device messages on a local broker, as the plugs themselves would (QoS 0, not retained). */
export interface DevicePublisher {
  publish(messages: readonly DeviceMessage[]): Promise<void>
  close(): Promise<void>
}

export async function createDevicePublisher(url: string): Promise<DevicePublisher> {
  const client = await connectAsync(url, { protocolVersion: 4, clean: true })
  return {
    async publish(messages) {
      await Promise.all(messages.map(({ topic, payload }) => client.publishAsync(topic, payload, { qos: 0 })))
    },
    close: () => client.endAsync(),
  }
}
