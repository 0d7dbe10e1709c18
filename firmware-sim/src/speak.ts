import type { SimInstrument } from './instrument.ts'

/** A message as the device's firmware would publish it. */
export interface DeviceMessage {
  readonly at: number
  readonly topic: string
  readonly payload: string
}

/** Writes one reading (W, cumulative Wh) in the words of the device the instrument is plugged into; formats are
 * those of the recorded payloads (Tasmota docs, Shelly RPC notifications, zigbee2mqtt). */
export function speak(one: SimInstrument, at: number, watts: number, wattHours: number): DeviceMessage {
  const { source } = one
  switch (source.kind) {
    case 'tasmota':
      return { at, topic: `tele/${source.topic}/SENSOR`, payload: tasmota(one, at, watts, wattHours) }
    case 'shelly':
      return { at, topic: `${source.topic}/events/rpc`, payload: shelly(source.topic, at, watts, wattHours) }
    case 'shelly-gen1':
      return {
        at,
        topic: `shellies/${source.topic}/relay/${source.channel}/power`,
        payload: watts.toFixed(2),
      }
    case 'zigbee2mqtt':
      return { at, topic: `${source.base}/${source.topic}`, payload: zigbee(at, watts, wattHours) }
    default:
      throw new Error(`the simulator does not speak ${source.kind} over MQTT`)
  }
}

/** Tasmota prints local time without an offset, and whole watts. */
const localTime = (at: number, offsetMs: number) => new Date(at + offsetMs).toISOString().slice(0, 19)

function tasmota(one: SimInstrument, at: number, watts: number, wattHours: number): string {
  const total = (wattHours / 1_000).toFixed(3)
  return `{"Time":"${localTime(at, one.offsetMs)}","ENERGY":{"TotalStartTime":"2025-01-01T08:00:00","Total":${total},"Yesterday":0.000,"Today":0.000,"Period":0,"Power":${Math.round(watts)},"ApparentPower":${Math.round(watts * 1.04)},"ReactivePower":${Math.round(watts * 0.28)},"Factor":0.96,"Voltage":229,"Current":${(watts / 220).toFixed(3)}}}`
}

function shelly(topic: string, at: number, watts: number, wattHours: number): string {
  return `{"src":"${topic}","dst":"${topic}/events","method":"NotifyStatus","params":{"ts":${(at / 1_000).toFixed(2)},"switch:0":{"id":0,"apower":${watts.toFixed(1)},"voltage":229.4,"current":${(watts / 229.4).toFixed(3)},"aenergy":{"total":${wattHours.toFixed(3)},"by_minute":[0.000,0.000,0.000],"minute_ts":${Math.floor(at / 60_000) * 60}}}}}`
}

function zigbee(at: number, watts: number, wattHours: number): string {
  return `{"current":${(watts / 229).toFixed(2)},"energy":${(wattHours / 1_000).toFixed(2)},"last_seen":"${new Date(at).toISOString()}","linkquality":87,"power":${watts.toFixed(1)},"state":"ON","voltage":229}`
}
