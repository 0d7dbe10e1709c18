/** Everything a page of ours may load comes from here; charts set styles by script, never by attribute. */
export const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'geolocation=(), camera=(), microphone=()',
} as const

/** Browsers come back over TLS alone; not said by the demo, which has none. */
export const strictTransport = { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } as const
