// What an engineer writes in fifteen lines today: MQTT.js into InfluxDB by the client's defaults (1.x path, 1,000 a batch).
import { InfluxDB, Point } from '@influxdata/influxdb-client'
import { connect } from 'mqtt'

const [broker = '', influx = ''] = process.argv.slice(2)
const api = new InfluxDB({ url: influx }).getWriteApi('', 'peer', 'ms') as ReturnType<
  InfluxDB['getWriteApi']
> & { path: string }
api.path = '/write?db=peer&precision=ms'
const client = connect(broker)
client.on('connect', () => void client.subscribe('usage/#', { qos: 1 }, () => process.send?.('ready')))
client.on('message', (_topic, payload) => {
  const m = JSON.parse(payload.toString()) as { instrument: string; state: string; watts: number; ts: number }
  const point = new Point('usage').tag('instrument', m.instrument).stringField('state', m.state)
  api.writePoint(point.floatField('watts', m.watts).timestamp(m.ts))
})
process.on('SIGUSR2', () => void api.flush())
