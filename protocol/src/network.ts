/**
 * An address as limits count it: IPv4 whole (also where it comes mapped into IPv6), IPv6 by its first 64 bits, as one
 * customer has all that begin with them. What is no address stays as it is.
 */
export function networkOf(address: string): string {
  const [plain = ''] = address.split('%')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1]
  if (mapped !== undefined) return mapped
  if (!/^[\da-f:.]*:[\da-f:.]*$/i.test(plain)) return address
  const [head = '', tail] = plain.split('::')
  const groups = groupsOf(head)
  // Only what stands before the first 64 bits' end matters of what `::` leaves out.
  if (tail !== undefined) {
    const behind = groupsOf(tail)
    groups.push(...Array.from({ length: 8 - groups.length - behind.length }, () => '0'), ...behind)
  }
  const first = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${first.join(':')}::/64`
}

const groupsOf = (text: string): string[] =>
  text === ''
    ? []
    : text.split(':').flatMap((group) =>
        // The last 32 bits may be written as IPv4; they are two groups.
        group.includes('.') ? ['0', '0'] : [group],
      )
