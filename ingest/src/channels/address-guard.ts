import { lookup as resolve } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Blocks that are nobody's public web page (IANA special-purpose registries, RFC 6890). */
const special4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const
/** Inside global unicast (2000::/3), which alone is allowed: transition mechanisms that carry an IPv4 address, examples. */
const special6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const

const blocked = new BlockList()
for (const [address, prefix] of special4) blocked.addSubnet(address, prefix, 'ipv4')
for (const [address, prefix] of special6) blocked.addSubnet(address, prefix, 'ipv6')
const unicast6 = new BlockList()
unicast6.addSubnet('2000::', 3, 'ipv6')

/** Says whether a probe may go to an address: public ones, and those that the settings name. */
export type AddressGuard = (address: string) => boolean

/** `allowed` are addresses or blocks (`10.1.0.0/16`) beyond the public ones. */
export function createAddressGuard(allowed: readonly string[]): AddressGuard {
  const named = new BlockList()
  for (const one of allowed) {
    const [address = '', prefix] = one.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) named.addAddress(address, family)
    else named.addSubnet(address, Number(prefix), family)
  }
  return (given) => {
    const address = unmapped(given)
    const version = isIP(address)
    if (version === 0) return false
    const family = version === 6 ? 'ipv6' : 'ipv4'
    if (named.check(address, family)) return true
    return !blocked.check(address, family) && (version === 4 || unicast6.check(address, family))
  }
}

/** ::ffff:127.0.0.1 is 127.0.0.1, however it is written. */
function unmapped(address: string): string {
  if (isIP(address) !== 6) return address
  const host = URL.parse(`http://[${address.split('%')[0] ?? ''}]/`)?.hostname.slice(1, -1) ?? address
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host)
  if (!hex) return host
  const [high, low] = [Number.parseInt(hex[1] ?? '', 16), Number.parseInt(hex[2] ?? '', 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** A name that leads to an address the guard refuses; the code of the error a lookup gives back. */
export const privateAddress = 'EPRIVATE'

/**
 * A lookup for node:http that gives only addresses the guard lets through. The connection goes to what was checked, so a
 * name that changes its answer meanwhile (DNS rebinding) gains nothing.
 */
export function guardedLookup(guard: AddressGuard): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, '', 0)
        return
      }
      const bad = addresses.find(({ address }) => !guard(address))
      const [first] = addresses
      if (bad || !first) callback(refused(hostname, bad?.address ?? 'nothing'), '', 0)
      else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

const refused = (hostname: string, address: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${hostname} leads to ${address}, which the settings do not allow`), {
    code: privateAddress,
  })
