/** What may be sent to a route, for the OpenAPI document; routes of records have their own beside their schema. */
const bodies: Readonly<Record<string, object>> = {
  'POST /api/v1/organisations': {
    ...{ id: 'gibh-stem', parent: 'gibh', kind: 'unit' },
    names: { en: 'Stem cell laboratory', zh: '干细胞实验室' },
  },
  'POST /api/v1/instruments': {
    ...{ site: 'gz-gibh', instrument: 'sem-02', gateway: 'gw-1', unit: 'gibh', class: 'general' },
    names: { en: 'Scanning electron microscope', zh: '扫描电子显微镜' },
    ...{ kind: 'sem', valueFen: 320_000_000, prepMs: 1_800_000, postMs: 900_000 },
    ...{ inService: '2019-05-01', model: 'SEM 3200', mustOpen: true, bookable: true, takesSamples: false },
  },
  'PATCH /api/v1/instruments/:site/:instrument': { names: { en: 'Field emission SEM' }, bookable: false },
  'POST /api/v1/instruments/:site/:instrument/retire': {},
  'POST /api/v1/schedules': {
    ...{ instrument: 'gz-gibh/sem-01', weekly: { 1: [['08:00', '20:00']], 2: [['08:00', '20:00']] } },
    exceptions: { '2026-10-01': [], '2026-10-10': [['09:00', '17:00']] },
  },
  'POST /api/v1/gateways/:gateway/config': {
    revision: 0,
    instruments: [
      {
        ...{ id: 'sem-01', source: { kind: 'tasmota', topic: 'pow1' }, dwellMs: 30_000 },
        thresholds: { onStartMw: 40_000, onStopMw: 35_000, runStartMw: 600_000, runStopMw: 550_000 },
      },
    ],
  },
  'POST /api/v1/instruments/:site/:instrument/moves': { unit: 'gibh-stem' },
  'POST /api/v1/memberships': {
    ...{ channel: 'gz-net', instrument: 'gz-gibh/sem-01', from: 1_767_225_600_000 },
  },
  'POST /api/v1/tariffs': {
    ...{
      id: 'sem-01-external',
      instrument: 'gz-gibh/sem-01',
      relation: 'external',
      unit: 'hour',
      fen: 40_000,
    },
  },
  'POST /api/v1/corrections': {
    of: 'x4uUoDxtJ8NRhbZvXsXNLkjQGEyWkB6HsQ9nPvbAa1M',
    ...{ reason: 'the log book has another end', changes: { to: 1_767_247_200_000 } },
  },
  'POST /api/v1/corrections/:hash/approve': { role: 'head of facility' },
  'POST /api/v1/duplicates': { site: 'gz-gibh', sessions: ['s-17', 'nrii-2026-0417'] },
  'POST /api/v1/reports': { format: 'xlsx', scope: 'org:gibh', period: '2025' },
  'POST /api/v1/instruments/:site/:instrument/settings': {
    ...{ revision: 3, dwellMs: 30_000 },
    thresholds: { onStartMw: 40_000, onStopMw: 35_000, runStartMw: 600_000, runStopMw: 550_000 },
  },
  'POST /api/v1/accounts': {
    ...{ id: 'wang', name: 'Wang Min', role: 'facility_manager', organisations: ['gibh'] },
  },
  'PATCH /api/v1/accounts/:id': { role: 'viewer', organisations: ['gibh'] },
  'POST /api/v1/keys': { label: 'booking system', scopes: ['read', 'write'], days: 365 },
  'POST /api/v1/login': { account: 'wang', password: 'a long sentence' },
  'POST /api/v1/welcome': { token: 'from the link', password: 'a long sentence' },
  'POST /api/v1/enrol/codes': { site: 'gz-gibh', gateway: 'gibh-common' },
  'POST /api/v1/enrol': { code: 'K7QF-2M9X', csr: '-----BEGIN CERTIFICATE REQUEST-----' },
  'POST /api/v1/enrol/renew': {
    certificate: '-----BEGIN CERTIFICATE-----',
    csr: '-----BEGIN CERTIFICATE REQUEST-----',
    signature: 'by the key that is to be replaced',
  },
}
const voided = { reason: 'entered twice' }
const voids = /^POST \/api\/v1\/[a-z]+\/:id\/void$/

/** Parameters that mean the same wherever they stand. */
const parameters: Readonly<Record<string, unknown>> = {
  ...{ scope: 'org:gibh', period: '2025-03', ruleset: 'zj-2021', instrument: 'gz-gibh/sem-01' },
  ...{ parameters: '{"baseHours":1400}', organisation: 'gibh', channel: 'gz-net', date: '2025-03-14' },
  ...{ from: 1_740_758_400_000, to: 1_743_436_800_000 },
}

type Json = Record<string, unknown>
type Described = { readonly body?: unknown; readonly querystring?: unknown }

/** The schemas of a route, as JSON, with examples where they have none. */
export function withExamples<S>(name: string, schema: S): S {
  const { body, querystring } = schema as Described
  const example = voids.test(name) ? voided : bodies[name]
  return {
    ...schema,
    ...(body && example ? { body: { ...body, example } } : {}),
    ...(querystring ? { querystring: withParameters(querystring as Json) } : {}),
  }
}

function withParameters(schema: Json): Json {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>)
  const shown = properties.map(([key, one]) => {
    const example = parameters[key]
    return [key, example === undefined || 'example' in one ? one : { ...one, example }]
  })
  return { ...schema, properties: Object.fromEntries(shown) as Json }
}
