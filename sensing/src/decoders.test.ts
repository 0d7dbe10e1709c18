import { Source } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import type { DecodedReading } from './reading.ts'
import { decodeShelly, decodeShellyGen1 } from './shelly.ts'
import { mqttSourceDecoder } from './source-decoder.ts'
import { decodeTasmota } from './tasmota.ts'
import { decodeZigbee2Mqtt } from './zigbee2mqtt.ts'

// Payloads verbatim from device-payloads.md (collected 2026-11-23 from the sources named there: tasmota/docs @9849ab94,
// arendst/Tasmota issues, ioBroker.shelly and openhab-addons issues, home-assistant/core fixtures, zigbee2mqtt).

const bytes = (text: string) => new TextEncoder().encode(text)
const utc = (text: string) => Date.parse(text)
/** What a reading comes to, in few words: power W, energy Wh, time. */
function brief(decoded: DecodedReading): unknown {
  if (!decoded.ok) return decoded.error.code
  const reading = decoded.value
  if (reading.kind === 'nothing') return 'nothing'
  if (reading.kind === 'availability') return reading.online ? 'online' : 'offline'
  return reading.sample
}

const berlin = 'Europe/Berlin'
const T1 =
  '{"Time":"2018-02-15T17:37:10","ENERGY":{"TotalStartTime":"2018-11-14T18:39:40","Total":6.294,"Yesterday":5.340,"Today":0.954,"Period":217,"Power":2635,"ApparentPower":2650,"ReactivePower":282,"Factor":0.99,"Voltage":227,"Current":11.661}}'
const T2 =
  '{"StatusSNS":{"Time":"2018-11-15T08:54:18","ENERGY":{"TotalStartTime":"2018-11-14T18:39:40","Total":6.404,"Yesterday":5.340,"Today":1.064,"Power":2629,"ApparentPower":2645,"ReactivePower":288,"Factor":0.99,"Voltage":226,"Current":11.677}}}'
const T3a =
  '{"Time":"2019-03-01T11:04:47","ENERGY":{"TotalStartTime":"2018-11-02T16:55:59","Total":94.493,"Yesterday":1.069,"Today":0.462,"Period":6,"Power":76,"ApparentPower":102,"ReactivePower":67,"Factor":0.75,"Voltage":233,"Current":0.436}}'
const T3b =
  '{"Time":"2019-03-01T11:09:47","ENERGY":{"TotalStartTime":"2018-11-02T16:55:59","Total":0.000,"Yesterday":0.000,"Today":0.000,"Period":0,"Power":75,"ApparentPower":122,"ReactivePower":97,"Factor":0.61,"Voltage":235,"Current":0.521}}'
const T3state =
  '{"Time":"2019-03-01T11:09:47","Uptime":"4T20:33:36","Vcc":3.499,"SleepMode":"Dynamic","Sleep":50,"LoadAvg":19,"POWER":"ON","Wifi":{"AP":1,"SSId":"Jason_Home_WLAN","BSSId":"00:A0:57:2A:BD:19","Channel":13,"RSSI":100,"LinkCount":3,"Downtime":"0T00:00:17"}}'
const T4 =
  '{"Time":"2019-10-31T11:14:59","Uptime":"0T18:36:12","UptimeSec":66972,"Vcc":3.423,"Heap":28,"SleepMode":"Dynamic","Sleep":50,"LoadAvg":19,"MqttCount":6,"POWER":"OFF","Wifi":{"AP":1,"SSId":"Tasmota","BSSId":"00:00:00:00:00:00","Channel":13,"RSSI":100,"LinkCount":1,"Downtime":"0T00:00:06"}}'
const T5 =
  '{"Time":"2021-06-27T15:03:44+02:00","Uptime":"0T00:00:13","UptimeSec":13,"Heap":28,"SleepMode":"Dynamic","Sleep":50,"LoadAvg":19,"MqttCount":1,"POWER":"ON","Wifi":{"AP":1,"SSId":"DEMOAP","BSSId":"XX:XX:XX:XX:XX:XX","Channel":1,"Mode":"11n","RSSI":86,"Signal":-57,"LinkCount":1,"Downtime":"0T00:00:07"}}'
const T6 = '{"Time":"2021-06-27T15:03:44+02:00","Switch1":"OFF","Switch2":"ON"}'
const T7 =
  '{"Time":"2019-09-04T13:08:48","Epoch":1567595328,"Uptime":"0T00:00:14","UptimeSec":14,"Heap":24,"SleepMode":"Dynamic","Sleep":50,"LoadAvg":20,"MqttCount":1,"Wifi":{"AP":1,"SSId":"MyWLAN","BSSId":"AA:FF:AA:AA:AA:AA","Channel":11,"RSSI":100,"LinkCount":1,"Downtime":"0T00:00:08","DeepSleep":300,"Heap":25160}}'
const T10a =
  '{"Time":"2018-08-28T12:18:21","ENERGY":{"Total":0.538,"Yesterday":0.031,"Today":0.507,"Power":2,"Factor":0.14,"Voltage":202,"Current":0.072}}'
const T10b =
  '{"Time":"2018-08-28T12:18:24","ENERGY":{"Total":0.538,"Yesterday":0.031,"Today":0.507,"Power":4,"Factor":0.18,"Voltage":201,"Current":0.113}}'
const T11 =
  '{"Time":"2021-10-26T17:28:45","ENERGY":{"TotalStartTime":"2021-10-25T15:22:04","Total":9098.245,"Yesterday":6822.685,"Today":2275.560,"Period": 9,"Power":170,"Current":1.000,"Load":6},"TIC":{"ADCO":"021528603314","OPTARIF":"HC..","ISOUSC":15,"HCHC":920750,"HCHP":2275560,"PTEC":"HP..","IINST":1,"IMAX":2,"PAPP":170,"HHPHC":"A","MOTDETAT":0},"ESP32":{"Temperature":36.1},"TempUnit":"C"}'
const T14 =
  '{"Time":"2017-07-25T12:06:28", "Total":0.640, "Yesterday":0.007, "Today":0.003, "Period":0, "Power":0, "Factor":0.00, "Voltage":0, "Current":0.000}'

const tasmotaCases: [
  name: string,
  topic: string,
  payload: string,
  arrival: string,
  expected: unknown,
  zone?: string,
][] = [
  [
    'T1 2.6 kW',
    'tele/pow1/SENSOR',
    T1,
    '2018-02-15T16:37:11Z',
    { at: utc('2018-02-15T16:37:10Z'), powerMw: 2_635_000, energyMwh: 6_294_000 },
    berlin,
  ],
  [
    'T1 without a zone takes arrival',
    'tele/pow1/SENSOR',
    T1,
    '2020-01-01T00:00:00Z',
    { at: utc('2020-01-01T00:00:00Z'), powerMw: 2_635_000, energyMwh: 6_294_000 },
  ],
  ['T1 in the wrong zone is refused', 'tele/pow1/SENSOR', T1, '2018-02-15T16:37:11Z', 'clock_skew', 'UTC'],
  [
    'T2 answer to Status 8',
    'stat/pow1/STATUS8',
    T2,
    '2018-11-15T07:54:18Z',
    { at: utc('2018-11-15T07:54:18Z'), powerMw: 2_629_000, energyMwh: 6_404_000 },
    berlin,
  ],
  [
    'T3 before the reset',
    'tele/sonoff-16CE26/SENSOR',
    T3a,
    '2019-03-01T10:04:47Z',
    { at: utc('2019-03-01T10:04:47Z'), powerMw: 76_000, energyMwh: 94_493_000 },
    berlin,
  ],
  [
    'T3 reset 1',
    'stat/sonoff-16CE26/RESULT',
    '{"EnergyReset":{"Total":0.467,"Yesterday":1.069,"Today":0.467}}',
    '2019-03-01T10:05:00Z',
    'nothing',
  ],
  [
    'T3 reset 2',
    'stat/sonoff-16CE26/RESULT',
    '{"EnergyReset":{"Total":0.468,"Yesterday":0.000,"Today":0.468}}',
    '2019-03-01T10:05:00Z',
    'nothing',
  ],
  [
    'T3 reset 3',
    'stat/sonoff-16CE26/RESULT',
    '{"EnergyReset":{"Total":0.468,"Yesterday":0.000,"Today":0.000}}',
    '2019-03-01T10:05:00Z',
    'nothing',
  ],
  ['T3 state', 'tele/sonoff-16CE26/STATE', T3state, '2019-03-01T10:09:47Z', 'nothing', berlin],
  [
    'T3 after the reset',
    'tele/sonoff-16CE26/SENSOR',
    T3b,
    '2019-03-01T10:09:48Z',
    { at: utc('2019-03-01T10:09:47Z'), powerMw: 75_000, energyMwh: 0 },
    berlin,
  ],
  ['T4 state', 'tele/tasmota/STATE', T4, '2019-10-31T10:14:59Z', 'nothing', berlin],
  ['T5 state', 'tele/demo-sensor/STATE', T5, '2021-06-27T13:03:44Z', 'nothing'],
  ['T7 state with Epoch', 'tele/tasmota/STATE', T7, '2019-09-04T11:08:48Z', 'nothing'],
  ['T8 birth', 'tele/tasmota_XXXXXX/LWT', 'Online', '2021-01-01T00:00:00Z', 'online'],
  ['T8 will', 'state/sonoff/LWT', 'Offline', '2021-01-01T00:00:00Z', 'offline'],
  ['T9 birth', 'tele/powermeter/LWT', 'Online', '2019-07-01T00:01:11Z', 'online'],
  ['T9 a command is none of ours', 'cmnd/powermeter/POWER', '', '2019-07-01T00:01:11Z', 'nothing'],
  [
    'T9 info 1',
    'tele/powermeter/INFO1',
    '{"Module":"Sonoff Basic","Version":"6.6.0.1(sonoff)","FallbackTopic":"cmnd/DVES_AF5D2E_fb/","GroupTopic":"sonoffs"}',
    '2019-07-01T00:01:11Z',
    'nothing',
  ],
  [
    'T9 info 2',
    'tele/powermeter/INFO2',
    '{"WebServerMode":"Admin","Hostname":"powermeter-7470","IPAddress":"192.168.1.129"}',
    '2019-07-01T00:01:11Z',
    'nothing',
  ],
  ['T9 info 3', 'tele/powermeter/INFO3', '{"RestartReason":"Power on"}', '2019-07-01T00:01:11Z', 'nothing'],
  ['T9 result', 'stat/powermeter/RESULT', '{"POWER":"OFF"}', '2019-07-01T00:01:11Z', 'nothing'],
  ['T9 relay', 'stat/powermeter/POWER', 'OFF', '2019-07-01T00:01:11Z', 'nothing'],
  [
    'T10 published',
    'tele/sonoff_pow1/SENSOR',
    T10a,
    '2018-08-28T10:18:21Z',
    { at: utc('2018-08-28T10:18:21Z'), powerMw: 2_000, energyMwh: 538_000 },
    berlin,
  ],
  [
    'T10 the lost one, had it come',
    'tele/sonoff_pow1/SENSOR',
    T10b,
    '2018-08-28T10:18:24Z',
    { at: utc('2018-08-28T10:18:24Z'), powerMw: 4_000, energyMwh: 538_000 },
    berlin,
  ],
  [
    'T11 a space before a number',
    'emoncms/ch2i/factory/denky_D6C0C0/tele/SENSOR',
    T11,
    '2021-10-26T15:28:45Z',
    { at: utc('2021-10-26T15:28:45Z'), powerMw: 170_000, energyMwh: 9_098_245_000 },
    'Europe/Paris',
  ],
  [
    'T12 arrays without Power',
    'tele/t/SENSOR',
    '{"ENERGY":{"Current":[1.320,2.100]}}',
    '2021-01-01T00:00:00Z',
    'nothing',
  ],
  ['T13 one relay of five', 'stat/t/POWER5', 'ON', '2021-01-01T00:00:00Z', 'nothing'],
  [
    'T14 old firmware',
    'tele/tasmota-E8A6E4/ENERGY',
    T14,
    '2017-07-25T10:06:28Z',
    { at: utc('2017-07-25T10:06:28Z'), powerMw: 0, energyMwh: 640_000 },
    berlin,
  ],
  [
    'phases are summed',
    'tele/t/SENSOR',
    '{"ENERGY":{"Power":[100,200.5,-2],"Total":[1,2,3]}}',
    '2021-01-01T00:00:00Z',
    { at: utc('2021-01-01T00:00:00Z'), powerMw: 298_500, energyMwh: 6_000_000 },
  ],
  [
    'a missing phase is no smaller power',
    'tele/t/SENSOR',
    '{"ENERGY":{"Power":[100,null]}}',
    '2021-01-01T00:00:00Z',
    'no_reading',
  ],
  [
    '-1 in a phase is no reading either',
    'tele/t/SENSOR',
    '{"ENERGY":{"Power":[-1,5,5],"Total":[1,2,3]}}',
    '2021-01-01T00:00:00Z',
    'no_reading',
  ],
  ['-1 is no reading', 'tele/t/SENSOR', '{"ENERGY":{"Power":-1}}', '2021-01-01T00:00:00Z', 'no_reading'],
  [
    'a number as text is not guessed at',
    'tele/t/SENSOR',
    '{"ENERGY":{"Power":"12"}}',
    '2021-01-01T00:00:00Z',
    'bad_field',
  ],
  ['nan of a broken chip', 'tele/t/SENSOR', '{"ENERGY":{"Power":nan}}', '2021-01-01T00:00:00Z', 'not_json'],
  [
    'a clock that was never set takes arrival',
    'tele/t/SENSOR',
    '{"Time":"1970-01-01T00:01:11","ENERGY":{"Power":5}}',
    '2021-01-01T00:00:00Z',
    { at: utc('2021-01-01T00:00:00Z'), powerMw: 5_000 },
    berlin,
  ],
  ['a relay topic of a foreign device', 'tele/t/WHATEVER', '{}', '2021-01-01T00:00:00Z', 'unknown_topic'],
]

describe('Tasmota', () => {
  it.each(tasmotaCases)('%s', (_name, topic, payload, arrival, expected, zone) => {
    expect(brief(decodeTasmota(topic, bytes(payload), utc(arrival), { zone }))).toEqual(expected)
  })
  it('T6 reads named contact inputs and no others', () => {
    const at = utc('2021-06-27T13:03:44Z')
    const decode = (inputs: Record<string, 'run' | 'fault'>) =>
      brief(decodeTasmota('tele/demo-sensor/SENSOR', bytes(T6), at, { inputs }))
    expect(decode({ Switch1: 'run' })).toEqual({ at, contact: { run: false } })
    expect(decode({ Switch1: 'run', Switch2: 'fault' })).toEqual({ at, contact: { run: false, fault: true } })
    expect(decode({})).toBe('nothing')
  })
  it('has the inputs that its configuration names', () => {
    const at = utc('2021-06-27T13:03:44Z')
    const said = (source: object, topic: string, payload: string) => {
      const read = mqttSourceDecoder(Source.parse(source))?.decode(topic, bytes(payload), at)
      return read && brief(read)
    }
    const plug = { kind: 'tasmota', topic: 'demo', inputs: { Switch1: 'powered', Switch2: 'run' } }
    expect(said(plug, 'tele/demo/SENSOR', T6)).toEqual({ at, contact: { powered: false, run: true } })
    const shelly = { kind: 'shelly', topic: 'i4', component: 'input:2', means: 'fault' }
    expect(said(shelly, 'i4/status/input:2', '{"id":2,"state":true}')).toEqual({
      at,
      contact: { fault: true },
    })
    expect(Source.safeParse({ ...plug, inputs: { POWER: 'run' } }).success).toBe(false)
  })
  it('takes one phase when a channel is named', () => {
    const payload = bytes('{"ENERGY":{"Power":[100,200],"Total":[1,2]}}')
    const of = (channel: number) => brief(decodeTasmota('tele/t/SENSOR', payload, 1e12, { channel }))
    expect(of(2)).toEqual({ at: 1e12, powerMw: 200_000, energyMwh: 2_000_000 })
    expect(of(3)).toBe('bad_field')
  })
  it('puts the hour that clocks repeat where arrival is, and refuses the hour that they skip', () => {
    const decode = (time: string, arrival: string) =>
      brief(
        decodeTasmota('tele/t/SENSOR', bytes(`{"Time":"${time}","ENERGY":{"Power":1}}`), utc(arrival), {
          zone: berlin,
        }),
      )
    expect(decode('2025-10-26T02:30:00', '2025-10-26T00:30:01Z')).toMatchObject({
      at: utc('2025-10-26T00:30:00Z'),
    })
    expect(decode('2025-10-26T02:30:00', '2025-10-26T01:30:01Z')).toMatchObject({
      at: utc('2025-10-26T01:30:00Z'),
    })
    expect(decode('2025-03-30T02:30:00', '2025-03-30T01:30:00Z')).toBe('local_time_gap')
    expect(decode('2025-02-30T02:30:00', '2025-03-02T01:30:00Z')).toBe('bad_time')
  })
})

const S1 =
  '{"id":0,"source":"SHC","tag":null, "output":false, "apower":0.0, "voltage":238.3, "freq":50.0, "current":0.000, "aenergy":{"total":2690.730,"by_minute":[0.000,0.000,0.000],"minute_ts":1788945300}, "ret_aenergy":{"total":0.000,"by_minute":[0.000,0.000,0.000],"minute_ts":1788945300},"counts":{"on_time":241680,"on_time_rst_ts":0,"switch_on":192,"switch_on_rst_ts":0,"on_above_thr":0,"on_above_thr_rst_ts":0},"temperature":{"tC":56.1, "tF":132.9}}'
const S2 =
  '{"src":"shelly1pmminig3-e4b323133734","dst":"ShellyLichtGarten/events","method":"NotifyStatus","params":{"ts":1788945300.02,"switch:0":{"counts":{"on_above_thr":0,"on_time":241680,"switch_on":192}}}}'
const S3 =
  '{"src":"shellyplusplugs-80646fd031f8","dst":"shellyplusplugs-80646fd031f8/events","method":"NotifyFullStatus","params":{"ts":1698999954.77,"ble":{},"cloud":{"connected":true},"mqtt":{"connected":true},"plugs_ui":{},"script:1":{"id":1,"running":true,"mem_used":2786,"mem_peak":4130,"mem_free":22414},"switch:0":{"id":0, "source":"init", "output":true, "apower":0.0, "voltage":229.1, "current":0.000, "aenergy":{"total":30473.355,"by_minute":[0.000,0.000,0.000],"minute_ts":1698999953},"temperature":{"tC":34.8, "tF":94.7}},"sys":{"mac":"80646FD031F8","restart_required":false,"time":"09:25","unixtime":1698999954,"uptime":21,"ram_size":260920,"ram_free":122268,"fs_size":458752,"fs_free":135168,"cfg_rev":49,"kvs_rev":2,"schedule_rev":0,"webhook_rev":0,"available_updates":{}},"wifi":{"sta_ip":"192.168.178.72","status":"got ip","ssid":"WLAN","rssi":-73},"ws":{"connected":false}}}'
const S4 =
  '{ "aenergy": { "by_minute": [ 9643.763, 9429.457, 10715.292 ], "minute_ts": 1744022820, "total": 15761.124 }, "apower": -626.6, "current": 2.61, "freq": 50.1, "id": 0, "output": true, "ret_aenergy": { "by_minute": [ 9643.763, 9429.457, 10715.292 ], "minute_ts": 1744022820, "total": 15754.266 }, "source": "init", "temperature": { "tC": 41.6, "tF": 106.9 }, "voltage": 240.3 }'
const S5 =
  '{"method":"NotifyFullStatus","params":{"ts":null,"sys":{"mac":"54320465F2E4","restart_required":false,"time":"10:33","unixtime":1783758797,"uptime":1114575,"ram_size":258640,"ram_free":110432,"fs_size":917504,"fs_free":458752,"cfg_rev":10,"available_updates":{"beta":{"version":"2.0.0-beta3"}},"webhook_rev":0},"switch:0":{"id":0,"source":"HTTP_in","output":true,"apower":0.0,"voltage":228.1,"current":0.0,"freq":49.9,"aenergy":{"total":1265.403,"by_minute":[0.0,0.0,0.0],"minute_ts":1783758780},"temperature":{"tC":44.3,"tF":111.8}}}}'
const S6 =
  '{"method":"NotifyFullStatus","params":{"ts":1762082640.5,"switch:0": { "aenergy": { "by_minute": [15.068, 15.429, 15.504], "minute_ts": 1762082640, "total": 6468.282 }, "apower": 0.0, "current": 0.017, "freq": 50.0, "id": 0, "output": true, "pf": 0.0, "ret_aenergy": { "by_minute": [0.0, 0.0, 0.0], "minute_ts": 1762082640, "total": 0.0 }, "source": "init", "voltage": 232.5 },"switch:1": { "aenergy": { "by_minute": [29.614, 29.598, 29.736], "minute_ts": 1762082640, "total": 4227.56 }, "apower": 1.7, "current": 0.017, "freq": 50.0, "id": 1, "output": true, "pf": 0.42, "ret_aenergy": { "by_minute": [0.0, 0.0, 0.0], "minute_ts": 1762082640, "total": 0.0 }, "source": "WS_in", "voltage": 232.6 },"switch:2": { "aenergy": { "by_minute": [0.0, 0.0, 0.0], "minute_ts": 1762082640, "total": 336.76 }, "apower": 0.0, "current": 0.0, "freq": 50.0, "id": 2, "output": false, "pf": 0.0, "ret_aenergy": { "by_minute": [0.0, 0.0, 0.0], "minute_ts": 1762082640, "total": 0.0 }, "source": "WS_in", "voltage": 231.2 },"switch:3": { "aenergy": { "by_minute": [271.136, 271.151, 271.243], "minute_ts": 1762082640, "total": 18440.297 }, "apower": 15.4, "current": 0.169, "freq": 50.0, "id": 3, "output": true, "pf": 0.62, "ret_aenergy": { "by_minute": [0.0, 0.0, 0.0], "minute_ts": 1762082640, "total": 0.0 }, "source": "init", "voltage": 231.2 }}}'
const S7 =
  '{"src":"shellyplusht-b8d61a8b17cc","method":"NotifyFullStatus","params":{"ts":1680962879.62,"sys":{"time": null, "unixtime": null, "uptime": 3},"switch:0":{"apower":3}}}'

const arrival = 1_788_945_301_000
const shellyCases: [
  name: string,
  topic: string,
  payload: string,
  arrival: number,
  expected: unknown,
  component?: string,
][] = [
  [
    'S1 status topic',
    'ShellyLichtGarten/status/switch:0',
    S1,
    arrival,
    { at: arrival, powerMw: 0, energyMwh: 2_690_730, onTimeMs: 241_680_000 },
  ],
  [
    'S2 delta with counters alone',
    'ShellyLichtGarten/events/rpc',
    S2,
    arrival,
    { at: 1_788_945_300_020, onTimeMs: 241_680_000 },
  ],
  [
    'S3 full status',
    'shellyplusplugs-80646fd031f8/events/rpc',
    S3,
    1_698_999_955_000,
    { at: 1_698_999_954_770, powerMw: 0, energyMwh: 30_473_355 },
  ],
  [
    'S3 status of another part',
    'shellyplusplugs-80646fd031f8/status/mqtt',
    '{"connected":true}',
    arrival,
    'nothing',
  ],
  ['S3 cloud', 'x/status/cloud', '{"connected":true}', arrival, 'nothing'],
  ['S3 plugs_ui', 'x/status/plugs_ui', '{}', arrival, 'nothing'],
  [
    'S4 negative power as it is',
    'x/status/switch:0',
    S4,
    arrival,
    { at: arrival, powerMw: -626_600, energyMwh: 15_761_124 },
  ],
  [
    'S5 ts null takes arrival',
    'x/events/rpc',
    S5,
    arrival,
    { at: arrival, powerMw: 0, energyMwh: 1_265_403 },
  ],
  [
    'S6 outlet 1',
    'x/events/rpc',
    S6,
    1_762_082_641_000,
    { at: 1_762_082_640_500, powerMw: 0, energyMwh: 6_468_282 },
  ],
  [
    'S6 outlet 2',
    'x/events/rpc',
    S6,
    1_762_082_641_000,
    { at: 1_762_082_640_500, powerMw: 1_700, energyMwh: 4_227_560 },
    'switch:1',
  ],
  [
    'S6 outlet 3',
    'x/events/rpc',
    S6,
    1_762_082_641_000,
    { at: 1_762_082_640_500, powerMw: 0, energyMwh: 336_760 },
    'switch:2',
  ],
  [
    'S6 outlet 4',
    'x/events/rpc',
    S6,
    1_762_082_641_000,
    { at: 1_762_082_640_500, powerMw: 15_400, energyMwh: 18_440_297 },
    'switch:3',
  ],
  ['S7 no clock takes arrival', 'x/events/rpc', S7, arrival, { at: arrival, powerMw: 3_000 }],
  ['S8 birth', 'shellyplus1pm-44179394d4d4/online', 'true', arrival, 'online'],
  ['S8 will', 'shellypro2pm-30c6f7850a64/online', 'false', arrival, 'offline'],
  ['a stale retained status', 'x/events/rpc', S3, arrival, 'clock_skew'],
  ['em', 'x/status/em:0', '{"total_act_power":1234.5}', arrival, { at: arrival, powerMw: 1_234_500 }, 'em:0'],
  ['em1', 'x/status/em1:0', '{"act_power":-3.2}', arrival, { at: arrival, powerMw: -3_200 }, 'em1:0'],
  ['-1 is no reading', 'x/status/switch:0', '{"id":0,"apower":-1}', arrival, 'no_reading'],
  ['pm1', 'x/status/pm1:0', '{"apower":7}', arrival, { at: arrival, powerMw: 7_000 }, 'pm1:0'],
  [
    'input closed',
    'x/status/input:0',
    '{"id":0,"state":true}',
    arrival,
    { at: arrival, contact: { run: true } },
    'input:0',
  ],
  ['input of a button', 'x/status/input:0', '{"id":0,"state":null}', arrival, 'nothing', 'input:0'],
  ['NotifyEvent', 'x/events/rpc', '{"method":"NotifyEvent","params":{"ts":1.0}}', arrival, 'nothing'],
  [
    'ts as text',
    'x/events/rpc',
    '{"method":"NotifyStatus","params":{"ts":"1","switch:0":{"apower":1}}}',
    arrival,
    'bad_time',
  ],
]

describe('Shelly', () => {
  it.each(shellyCases)('%s', (_name, topic, payload, at, expected, component = 'switch:0') => {
    expect(brief(decodeShelly(topic, bytes(payload), at, { component }))).toEqual(expected)
  })
  it.each([
    ['S9 power', 'shellies/shellyplug-s-XXYYYY/relay/0/power', '5.56', { at: arrival, powerMw: 5_560 }],
    [
      'S9 watt-minutes',
      'shellies/shellyplug-s-XXYYYY/relay/0/energy',
      '81010',
      { at: arrival, energyMwh: 1_350_167 },
    ],
    ['-1 is no reading', 'shellies/x/relay/0/power', '-1', 'no_reading'],
    ['S8 Gen1 birth', 'shellies/huhu-shellybutton1-A4CF12F454A3/online', 'true', 'online'],
    ['relay state', 'shellies/x/relay/0', 'on', 'nothing'],
    ['another channel', 'shellies/x/relay/1/power', '5', 'nothing'],
    ['no number', 'shellies/x/relay/0/power', 'NaN', 'bad_field'],
    ['empty', 'shellies/x/relay/0/power', '', 'bad_field'],
  ])('Gen1: %s', (_name, topic, payload, expected) => {
    expect(brief(decodeShellyGen1(topic, bytes(payload), arrival, { channel: 0 }))).toEqual(expected)
  })
})

const Z1 =
  '{"child_lock":"UNLOCK","countdown":0,"current":0,"energy":12.05,"identify":null,"indicator_mode":"off/on","last_seen":"2026-07-27T09:41:41+02:00","linkquality":43,"power":0,"power_outage_memory":"off","state":"OFF","switch_type_button":null,"update":{"installed_version":268449287,"latest_release_notes":null,"latest_source":null,"latest_version":268449287,"state":"idle"},"voltage":243}'
const Z4 =
  '{"power_l1": 8, "power_l2": 0, "energy_l1": 2.056, "state_l1": "ON", "state_l2": "OFF", "voltage_l1": 228.08, "linkquality": 87}'
const seen = utc('2026-07-27T07:41:41Z')
const zigbeeCases: [name: string, end: string, payload: string, expected: unknown, options?: object][] = [
  ['Z1', '', Z1, { at: seen, powerMw: 0, energyMwh: 12_050_000 }],
  ['Z2 power', '/power', '0', { at: seen, powerMw: 0 }],
  ['Z2 state', '/state', 'OFF', 'nothing'],
  ['Z2 energy', '/energy', '12.05', { at: seen, energyMwh: 12_050_000 }],
  ['Z2 voltage', '/voltage', '243', 'nothing'],
  [
    'Z3 first',
    '',
    '{"current":0,"energy":1.54,"linkquality":63,"power":0,"state":"ON","voltage":239}',
    { at: seen, powerMw: 0, energyMwh: 1_540_000 },
  ],
  [
    'Z3 current glitch',
    '',
    '{"current":0.07,"energy":1.54,"linkquality":63,"power":0,"state":"ON","voltage":239}',
    { at: seen, powerMw: 0, energyMwh: 1_540_000 },
  ],
  ['Z4 channel 1', '', Z4, { at: seen, powerMw: 8_000, energyMwh: 2_056_000 }, { channel: 'l1' }],
  ['Z4 channel 2', '', Z4, { at: seen, powerMw: 0 }, { channel: 'l2' }],
  ['Z4 without a channel', '', Z4, 'nothing'],
  ['Z5 online', '/availability', '{"state":"online"}', 'online'],
  ['Z5 offline', '/availability', '{"state":"offline"}', 'offline'],
  ['Z5 bare word', '/availability', 'offline', 'offline'],
  ['Z5 cleared', '/availability', '', 'nothing'],
  ['power null', '', '{"power":null}', 'nothing'],
  ['-1', '', '{"power":-1}', 'no_reading'],
  ['-1 of an attribute', '/power', '-1.0', 'no_reading'],
  ['last_seen as epoch', '', `{"power":1,"last_seen":${seen - 500}}`, { at: seen - 500, powerMw: 1_000 }],
  ['a copy of last week', '', '{"power":1,"last_seen":"2026-07-20T07:41:41Z"}', 'clock_skew'],
  ['not JSON', '', 'OFF', 'not_json'],
]

describe('zigbee2mqtt', () => {
  it.each(zigbeeCases)('%s', (_name, end, payload, expected, options = {}) => {
    const name = 'bedroom/desk_lamp/bulb'
    expect(
      brief(decodeZigbee2Mqtt(`zigbee2mqtt/${name}${end}`, bytes(payload), seen, { name, ...options })),
    ).toEqual(expected)
  })
  it('refuses the topic of another device whose name begins alike', () => {
    expect(brief(decodeZigbee2Mqtt('zigbee2mqtt/z10', bytes(Z1), seen, { name: 'z1' }))).toBe('unknown_topic')
  })
})
