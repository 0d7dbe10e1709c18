import { expect, it } from 'vitest'
import { networkOf } from './network.ts'

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['::FFFF:10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8::', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['2001:db8:1:2:3:4:10.1.2.3', '2001:db8:1:2::/64'],
  ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
  ['', ''],
  ['unix:/run/hours', 'unix:/run/hours'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

it('never throws, whatever an address is said to be', () => {
  for (const odd of ['::::::::::', ':', '1:2:3:4:5:6:7:8:9::1:2', '::1::', '.:.'])
    expect(typeof networkOf(odd)).toBe('string')
})
