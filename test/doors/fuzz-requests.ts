import fc from 'fast-check'

/** JSON Schema as the OpenAPI document has it, as far as it is read here. */
interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly example?: unknown
  readonly examples?: readonly unknown[]
}

/** What there really is, by the name of a parameter or field; without it a route would be knocked at and never entered. */
export type Real = Readonly<Record<string, readonly unknown[]>>

interface Operation {
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly schema?: Schema
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> }
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** One request to be sent. */
export interface FuzzRequest {
  /** `POST /api/v1/sessions/{id}/void`. */
  readonly operation: string
  readonly method: string
  readonly url: string
  readonly type?: string
  readonly payload?: string
}

/** What is really there, so that requests get past the first check. */
const real = [
  ...['gz-gibh', 'sem-01', 'nmr-01', 'gw-1', 'gibh', 'all', 'gz-gibh/sem-01', 'org:gibh', 'channel:national'],
  ...[
    '2026',
    '2026-01',
    '2026-W02',
    'AY2025',
    '2026-01-05',
    '2026-01-01..2026-01-08',
    'checkpoint',
    'json',
    'csv',
  ],
  ...['1767542400000', '1767628800000', '60000', '0', '1', '100'],
  ...['univ-sheet', 'zj-2021', 'cn-moe-2000', 'cn-national-2026', 'eu-tna', '{}', '{"baseHours":1200}'],
]
const hostile = [
  ...[
    '',
    ' ',
    '\0',
    '..',
    '../..',
    '%00',
    '__proto__',
    'constructor',
    'null',
    'undefined',
    'NaN',
    'true',
    '[]',
    '{}',
  ],
  ...['-1', '1e309', '0x10', '9007199254740993', '-0', '1.5', '8640000000000001', '99999999999999999999'],
  ...["' OR 1=1 --", '"; DROP', '=HYPERLINK("x")', '🧪'.repeat(40), '\ud800', '\u202e', 'a'.repeat(3_000)],
  ...[
    // As long as periods can be written.
    '1000-01-01..9999-01-01',
    '2000-01-01..2100-01-01',
    '0001-01-01..2026-01-02',
    '2026-01-01..275760-09-13',
    '1000',
    '9999',
    'AY1000',
    '2026-13',
    '2026-02-30',
    '0000-00-00',
    '2026-01-08..2026-01-01',
    'AY9999',
    '2026-W99',
    '0001-01-01..9999-12-31',
    '1990-01-01..2199-12-31',
    '275760-09-13',
    'org:',
    'org:..',
  ],
]

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...real) },
  { weight: 3, arbitrary: fc.constantFrom(...hostile) },
  { weight: 1, arbitrary: fc.string({ maxLength: 60, unit: 'binary' }) },
)

function valueOf(schema: Schema | undefined, real: Real, depth = 0): fc.Arbitrary<unknown> {
  const other = depth > 3 ? text : fc.oneof(text, fc.jsonValue({ maxDepth: 3 }))
  if (!schema) return other
  const fits = fitting(schema, real, depth)
  const shown = schema.example ?? schema.examples?.[0]
  const examples = shown === undefined ? [] : [{ weight: 6, arbitrary: likeExample(shown, real, other) }]
  return fc.oneof({ weight: 6, arbitrary: fits }, { weight: 1, arbitrary: other }, ...examples)
}

/** A value by its name: mostly one that is really there. */
function named(name: string, schema: Schema | undefined, real: Real, depth = 0): fc.Arbitrary<unknown> {
  const known = real[name]
  const any = schema ? valueOf(schema, real, depth) : text
  return known
    ? fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...known) }, { weight: 3, arbitrary: any })
    : any
}

/** What the description shows, with what is really there, and now and then one field of it otherwise. */
function likeExample(shown: unknown, real: Real, other: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  if (typeof shown !== 'object' || shown === null || Array.isArray(shown)) return fc.constant(shown)
  const fields = Object.entries(shown).map(([name, value]) => {
    const pool = real[name]
    return [name, pool ? fc.constantFrom(...pool) : fc.constant(value)] as const
  })
  const whole = fc.record(Object.fromEntries(fields)) as fc.Arbitrary<Record<string, unknown>>
  return fc
    .tuple(whole, fc.constantFrom(...Object.keys(shown), ''), other, fc.integer({ min: 0, max: 2 }))
    .map(([body, field, odd, change]) => (change > 0 || field === '' ? body : { ...body, [field]: odd }))
}

function fitting(schema: Schema, real: Real, depth: number): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => valueOf(one, real, depth + 1)))
  if (schema.type === 'integer' || schema.type === 'number')
    return fc.oneof(
      fc.integer({ min: schema.minimum ?? -10, max: Math.min(schema.maximum ?? 2e12, 2e12) }),
      fc.constantFrom(1767542400000, 1767628800000, 60_000, 86_400_000, -1, 1e300),
    )
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'null') return fc.constant(null)
  if (schema.type === 'array') return fc.array(valueOf(schema.items, real, depth + 1), { maxLength: 4 })
  if (schema.type === 'object' && schema.properties) {
    const fields = Object.entries(schema.properties).map(
      ([name, of]) => [name, named(name, of, real, depth + 1)] as const,
    )
    return fc.record(Object.fromEntries(fields), { requiredKeys: depth === 0 ? undefined : [] } as never)
  }
  return text
}

/** Requests made from the OpenAPI document: every operation, its parameters and body mostly as declared, and not. */
export function requestsOf(document: OpenApi, leaveOut: RegExp, real: Real): fc.Arbitrary<FuzzRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(() => !leaveOut.test(path))
      .map(([method, operation]) => operationRequest(`${method.toUpperCase()} ${path}`, operation, real)),
  )
  return fc.oneof(...operations)
}

function operationRequest(
  operation: string,
  { parameters = [], requestBody }: Operation,
  real: Real,
): fc.Arbitrary<FuzzRequest> {
  const [method = '', path = ''] = operation.split(' ')
  const query = parameters.filter((one) => one.in === 'query')
  const holes = path.match(/\{[^}]+\}|\*/g) ?? []
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? []
  const takesBody = type !== undefined || method === 'POST' || method === 'PUT'
  return fc
    .record({
      path: fc.tuple(...holes.map((hole) => named(hole.replaceAll(/[{}]/g, ''), undefined, real))),
      query: fc.tuple(
        ...query.map(({ name, required, schema }) =>
          fc.option(named(name, schema, real), { nil: undefined, freq: required === true ? 12 : 2 }),
        ),
      ),
      extra: fc.option(fc.tuple(text, text), { nil: undefined, freq: 1 }).filter(() => true),
      body: takesBody ? valueOf(content?.schema, real) : fc.constant(undefined),
      broken: fc.integer({ min: 0, max: 19 }),
    })
    .map((given) => {
      const values = [...given.path]
      const filled = path.replaceAll(/\{[^}]+\}|\*/g, () => encode(values.shift()))
      const pairs = query.flatMap(({ name }, i) =>
        given.query[i] === undefined ? [] : [`${encode(name)}=${encode(given.query[i])}`],
      )
      if (given.extra && given.broken === 0) pairs.push(`${encode(given.extra[0])}=${encode(given.extra[1])}`)
      const url = filled + (pairs.length > 0 ? `?${pairs.join('&')}` : '')
      if (!takesBody || given.body === undefined) return { operation, method, url }
      const isJson = type === undefined || /json/.test(type)
      const body = isJson || typeof given.body !== 'string' ? JSON.stringify(given.body) : given.body
      return {
        ...{ operation, method, url },
        type: type ?? 'application/json',
        payload: given.broken === 1 ? body.slice(0, -1) : body,
      }
    })
}

/** As a browser writes it into an address; half a character becomes the replacement. */
const encode = (value: unknown) =>
  encodeURIComponent((typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed())
