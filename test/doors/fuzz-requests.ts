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
}

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

function valueOf(schema: Schema | undefined, depth = 0): fc.Arbitrary<unknown> {
  const other = depth > 3 ? text : fc.oneof(text, fc.jsonValue({ maxDepth: 3 }))
  if (!schema) return other
  const fits = fitting(schema, depth)
  return fc.oneof({ weight: 6, arbitrary: fits }, { weight: 1, arbitrary: other })
}

function fitting(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => valueOf(one, depth + 1)))
  if (schema.type === 'integer' || schema.type === 'number')
    return fc.oneof(
      fc.integer({ min: schema.minimum ?? -10, max: Math.min(schema.maximum ?? 2e12, 2e12) }),
      fc.constantFrom(1767542400000, 1767628800000, 60_000, 86_400_000, -1, 1e300),
    )
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'null') return fc.constant(null)
  if (schema.type === 'array') return fc.array(valueOf(schema.items, depth + 1), { maxLength: 4 })
  if (schema.type === 'object' && schema.properties) {
    const fields = Object.entries(schema.properties).map(
      ([name, of]) => [name, valueOf(of, depth + 1)] as const,
    )
    return fc.record(Object.fromEntries(fields), { requiredKeys: depth === 0 ? undefined : [] } as never)
  }
  return text
}

/** Requests made from the OpenAPI document: every operation, its parameters and body mostly as declared, and not. */
export function requestsOf(document: OpenApi, leaveOut: RegExp): fc.Arbitrary<FuzzRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(() => !leaveOut.test(path))
      .map(([method, operation]) => operationRequest(path, method.toUpperCase(), operation)),
  )
  return fc.oneof(...operations)
}

function operationRequest(path: string, method: string, operation: Operation): fc.Arbitrary<FuzzRequest> {
  const { parameters = [], requestBody } = operation
  const query = parameters.filter((one) => one.in === 'query')
  const holes = path.match(/\{[^}]+\}|\*/g) ?? []
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? []
  const takesBody = type !== undefined || method === 'POST' || method === 'PUT'
  return fc
    .record({
      path: fc.tuple(...holes.map(() => text)),
      query: fc.tuple(
        ...query.map(({ required, schema }) =>
          fc.option(valueOf(schema), { nil: undefined, freq: required === true ? 12 : 2 }),
        ),
      ),
      extra: fc.option(fc.tuple(text, text), { nil: undefined, freq: 1 }).filter(() => true),
      body: takesBody ? valueOf(content?.schema) : fc.constant(undefined),
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
      if (!takesBody || given.body === undefined) return { method, url }
      const isJson = type === undefined || /json/.test(type)
      const body = isJson || typeof given.body !== 'string' ? JSON.stringify(given.body) : given.body
      return {
        method,
        url,
        type: type ?? 'application/json',
        payload: given.broken === 1 ? body.slice(0, -1) : body,
      }
    })
}

/** As a browser writes it into an address; half a character becomes the replacement. */
const encode = (value: unknown) =>
  encodeURIComponent((typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed())
