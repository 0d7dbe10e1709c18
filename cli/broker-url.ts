const loopback = new Set(['127.0.0.1', 'localhost', '[::1]'])
const safe = new Set(['mqtts:', 'wss:', 'ssl:', 'tls:'])

/** Plain MQTT stays on this machine (wire.md, section 4), unless `plain` asks for it: the password goes with it. */
export function checkBrokerUrl(url: string, plain: boolean): void {
  const address = URL.parse(url)
  if (!address)
    throw new Error(`--broker ${url}: not an address. Fix: such as mqtts://broker.example.edu:8883.`)
  if (plain || safe.has(address.protocol) || loopback.has(address.hostname)) return
  throw new Error(
    `--broker ${url}: would send the password and every page in the clear to another machine. Fix: mqtts://, or --plain where nobody else is on the line.`,
  )
}
