interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
  }[]
}

/** A plain list of the routes, made from the OpenAPI document; loads nothing from anywhere. */
export function docsPage(document: object): string {
  const paths = Object.entries(
    (document as { paths?: Record<string, Record<string, Operation>> }).paths ?? {},
  )
  const rows = paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const parameters = (operation.parameters ?? []).map(
        ({ name, required, description }) =>
          `<li><code>${escape(name)}</code>${required === true ? ' (required)' : ''} ${escape(description ?? '')}</li>`,
      )
      return `<section><h2><code>${method.toUpperCase()} ${escape(path)}</code></h2><p>${escape(operation.summary ?? '')}</p><ul>${parameters.join('')}</ul></section>`
    }),
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Instrument Hours: API</title><h1>Instrument Hours: API</h1><p>Times are Unix milliseconds, durations milliseconds, power milliwatts. Errors are RFC 9457 problem details. The whole document: <a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>${rows.join('')}</html>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escape = (text: string) => text.replaceAll(/[&<>"]/g, (c) => entities[c] ?? c)
