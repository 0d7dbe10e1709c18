import { expect, it } from 'vitest'
import { checkBrokerUrl } from '../../cli/broker-url.ts'

it('hours ingest sends its password over TLS, to this machine, or in the clear where it is told to', () => {
  for (const url of ['mqtts://hours.example.edu', 'wss://hours.example.edu/mqtt', 'mqtt://127.0.0.1:1883'])
    expect(() => checkBrokerUrl(url, false), url).not.toThrow()
  for (const url of ['mqtt://hours.example.edu', 'ws://10.0.0.7:9001', 'tcp://127.0.0.1.example.edu:1883']) {
    expect(() => checkBrokerUrl(url, false), url).toThrow(/in the clear.*Fix: mqtts/)
    expect(() => checkBrokerUrl(url, true), url).not.toThrow()
  }
  expect(() => checkBrokerUrl('hours.example.edu', true)).toThrow('not an address')
})
