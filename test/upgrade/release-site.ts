/** The site whose data every release writes and every later one must open; over the turn of a year. */
export const releaseSite = {
  from: Date.UTC(2025, 11, 30, 16),
  to: Date.UTC(2026, 0, 2, 16),
  gateways: ['gw-1', 'gw-2'],
  instruments: ['sem-01', 'nmr-01', 'xrd-01'],
}
export const gatewayPassword = 'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE'
export const personPassword = 'correct horse battery'
