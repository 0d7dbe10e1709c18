import { describe, expect, it } from 'vitest'
import { accountsDirectory, decodeAccounts } from './accounts.ts'

const hash = 'scrypt$4096$8$1$c2FsdA$aGFzaA'

describe('an accounts file', () => {
  it('names the gateways, the ingest and the readers that may come in', () => {
    const read = decodeAccounts(
      JSON.stringify({
        gateways: [
          { site: 'lab', gateway: 'gw-1', password: hash },
          { site: 'lab', gateway: 'gw-2', revoked: true },
        ],
        ingest: { id: 'ingest', password: hash, sites: 'all' },
        readers: [{ id: 'wall', password: hash, sites: ['lab'] }],
      }),
    )
    if (!read.ok) throw new Error(read.error.message)
    const directory = accountsDirectory(read.value)
    expect(directory.find('gw-1')).toEqual({ site: 'lab', gateway: 'gw-1', password: hash, revoked: false })
    expect(directory.find('gw-2')).toEqual({ site: 'lab', gateway: 'gw-2', revoked: true })
    expect(directory.find('__proto__')).toBeUndefined()
  })

  it.each([
    ['{', /not JSON/],
    ['{"gateways": {}}', /gateways/],
    ['{"gateways": [{"site": "Lab", "gateway": "gw-1"}]}', /gateways\.0\.site/],
    ['{"gateways": [{"site": "lab", "gateway": "gw-1", "password": "hunter2"}]}', /password: a hash/],
    ['{"gateways": [], "reader": []}', /reader/],
    ['{"gateways": [{"site": "lab", "gateway": "a"}, {"site": "lab", "gateway": "a"}]}', /a is there twice/],
  ])('is refused with the path of the fault: %s', (text, why) => {
    const read = decodeAccounts(text)
    expect(read.ok ? '' : read.error.message).toMatch(why)
    expect(read.ok ? '' : read.error.message).not.toContain('hunter2')
  })
})
