import { parsePeriod, readRuleSet, versionFaults } from '@hours/usage'
import { parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { hashOfDocument, type KnownRuleSet, ruleSets } from '../figures/rule-set-book.ts'
import type { ApiContext } from './context.ts'
import { notFound, Problem } from './problem.ts'
import type { Api } from './server.ts'

const Text = z.object({ en: z.string(), zh: z.string().optional() })
const Row = z.object({
  id: z.string(),
  version: z.string(),
  names: Text,
  hash: z.string(),
  /** Civil date from which it is in force. */
  from: z.string(),
  year: z.enum(['calendar', 'academic']),
  origin: z.enum(['built-in', 'record']),
  everyInstrument: z.boolean().describe('no filter leaves an instrument out of the cohort'),
  parameters: z.record(
    z.string(),
    z.looseObject({ title: Text, required: z.boolean(), default: z.unknown().optional() }),
  ),
})
const List = z.object({ items: z.array(Row), simulated: z.boolean() })
const Whole = Row.extend({ document: z.unknown() })
const Taken = z.object({
  id: z.string(),
  version: z.string(),
  hash: z.string(),
  fate: z.enum(['new', 'known']),
})

const maxBytes = 256 * 1024
/** More than a formula of the greatest depth needs, wherever it stands. */
const mostLevels = 64
const yamlTypes = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml', 'text/plain']
const example = {
  id: 'our-sheet',
  version: '2026-1',
  title: { en: 'Our sheet', zh: '本院评价表' },
  from: '2026-01-01',
  year: 'calendar',
  parameters: { quota: { title: { en: 'Hours a year that are due' }, unit: 'h', default: 1400, min: 1 } },
  instrument: {
    items: [
      {
        id: 'use',
        title: { en: 'Use' },
        points: ['mul', 100, ['div', '$effectiveH', '$p.quota']],
        max: 100,
      },
    ],
    reasons: [
      {
        id: 'below',
        when: ['lt', '$effectiveH', '$p.quota'],
        text: { en: 'below quota: {effectiveH:h} h' },
      },
    ],
  },
  ranking: ['$score'],
}

/** Rule sets are versioned data: those that come with the system, and those that this installation has signed. */
export function rulesetRoutes(app: Api, context: ApiContext): void {
  const { ingest } = context
  const { simulated } = ingest

  app.get(
    '/api/v1/rulesets',
    { schema: { response: { 200: List }, tags: ['figures'] }, config: { needs: 'read' } },
    () => ({ items: ruleSets(ingest.registry).map(rowOf), simulated }),
  )

  app.get(
    '/api/v1/rulesets/:id',
    {
      schema: {
        params: z.strictObject({
          id: z.string().max(90).describe('id, or id@version; the newest without one'),
        }),
        response: { 200: Whole },
        tags: ['figures'],
      },
      config: { needs: 'read' },
    },
    ({ params }) => {
      const [id, version] = params.id.split('@')
      const found = ruleSets(ingest.registry).findLast(
        ({ document }) => document.id === id && (version === undefined || document.version === version),
      )
      if (!found) throw notFound('rule set', params.id)
      return { ...rowOf(found), document: found.document }
    },
  )

  // A plugin of its own: here, and nowhere else, a body may be YAML.
  app.register((scope, _options, done) => {
    scope.addContentTypeParser(
      yamlTypes,
      { parseAs: 'string', bodyLimit: maxBytes },
      (_request, body, parsed) => parsed(null, body),
    )
    ;(scope as unknown as Api).post(
      '/api/v1/rulesets',
      {
        bodyLimit: maxBytes,
        schema: {
          summary:
            'a rule set as JSON or YAML; it becomes a signed record, and its hash stands by every figure',
          consumes: ['application/json', 'application/yaml'],
          body: z.unknown().meta({ example }),
          response: { 200: Taken, 201: Taken },
          tags: ['figures'],
        },
        config: { needs: 'operate' },
      },
      async (request, reply) => {
        const given = typeof request.body === 'string' ? readYaml(request.body) : request.body
        if (!isShallow(given)) throw refusal(`nested deeper than ${mostLevels}, or in itself`)
        const read = readRuleSet(given)
        if (!read.ok) throw refusal(read.error.message)
        const { id, version, from } = read.value
        const same = ruleSets(ingest.registry).findLast(
          ({ document }) => document.id === id && document.version === version,
        )
        if (same && hashOfDocument(same.document) === hashOfDocument(read.value))
          return reply.code(200).send({ id, version, hash: same.hash, fate: 'known' as const })
        if (same)
          throw new Problem(409, 'this version stands already, with other rules', {
            field: 'version',
            value: `${id}@${version}`,
            fix: 'a rule set that has been used is never changed: give the new one a version of its own',
          })
        const faults = versionFaults(read.value)
        if (faults.length > 0) throw refusal(faults.join('; '))
        // In force from that date in each zone; the record names the earliest instant.
        const start = parsePeriod(from, 'Pacific/Kiritimati')
        const { hash } = await ingest.record('ruleset', 'installation', {
          id,
          version,
          from: start.ok ? start.value.from : ingest.clock.wall(),
          body: read.value,
        })
        return reply.code(201).send({ id, version, hash, fate: 'new' as const })
      },
    )
    done()
  })
}

/**
 * Plain data alone: no anchors that grow, no types of YAML's own. Keys that stand twice are looked for here, as the
 * parser compares each with all others: seconds for a file of many.
 */
function readYaml(text: string): unknown {
  // The parser calls itself for each level and takes a second and more to find that it has no stack left.
  if (openBrackets(text) > mostLevels || /(?:[-?] ){64}/.test(text))
    throw refusal(`nested deeper than ${mostLevels}`)
  try {
    const document = parseDocument(text, { schema: 'core', uniqueKeys: false, logLevel: 'error' })
    const [fault] = document.errors
    if (fault) throw fault
    visit(document, {
      Map(_key, { items }) {
        const names = new Set<string>()
        for (const { key } of items) {
          const name = String(key)
          if (names.has(name)) throw new Error(`the key ${name.slice(0, 80)} stands twice`)
          names.add(name)
        }
      },
    })
    return document.toJS({ maxAliasCount: 16 }) as unknown
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw refusal(`the YAML cannot be read: ${why}`)
  }
}

/** The most brackets that are open at one place. */
function openBrackets(text: string): number {
  let [open, most] = [0, 0]
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open += bracket === '[' || bracket === '{' ? 1 : -1
    most = Math.max(most, open)
  }
  return most
}

/** Level by level: what calls itself for each bracket of a quarter of a million has no stack left. */
function isShallow(given: unknown): boolean {
  let level = [given]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > mostLevels || level.length > maxBytes) return false
    level = level.flatMap((one): unknown[] => (typeof one === 'object' && one ? Object.values(one) : []))
  }
  return true
}

/** `field` is the first path that the schema or a formula's check has named. */
function refusal(message: string): Problem {
  const field = /^([A-Za-z][\w.]*)[:\s]/.exec(message)?.[1] ?? ''
  return new Problem(400, 'the rule set is not valid', {
    field,
    value: message.slice(0, 2_000),
    fix: 'GET /api/v1/rulesets/cn-national-2026 shows one that is',
  })
}

const rowOf = ({ document, hash, from: origin }: KnownRuleSet): z.infer<typeof Row> => ({
  id: document.id,
  version: document.version,
  names: document.title,
  hash,
  from: document.from,
  year: document.year,
  origin,
  everyInstrument: document.cohort === true,
  parameters: document.parameters,
})
