import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, matchesGlob, resolve } from 'node:path'
import { defaultOptions, provisioningFiles } from '@hours/grafana'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const root = resolve(import.meta.dirname, '../..')
const deploy = join(root, 'deploy')
const text = (path: string) => readFileSync(join(deploy, path), 'utf8')

/** The part of the compose specification that this file uses; unknown keys are refused. */
const Service = z.strictObject({
  image: z
    .string()
    .regex(/:[\w.-]+$/, 'a pinned tag')
    .optional(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  ports: z.array(z.string().regex(/^\d+:\d+$/)).optional(),
  network_mode: z.string().optional(),
  depends_on: z
    .union([z.array(z.string()), z.record(z.string(), z.object({ condition: z.string() }))])
    .optional(),
  stop_grace_period: z.string().optional(),
  restart: z.enum(['unless-stopped']),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  healthcheck: z
    .strictObject({
      test: z.array(z.string()),
      interval: z.string(),
      timeout: z.string(),
      start_period: z.string(),
    })
    .optional(),
})
const Compose = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.null()),
})

describe('the compose file', () => {
  const compose = Compose.parse(parse(text('compose.yaml')))
  const services = Object.entries(compose.services)

  it('has broker and ingest, InfluxDB 2, Grafana and TLS, each by a pinned image or built from here', () => {
    expect(services.map(([name]) => name)).toEqual(['hours', 'proxy', 'influxdb', 'grafana'])
    for (const [, { image, build }] of services) expect(image ?? build?.dockerfile).toBeTruthy()
    expect(compose.services['influxdb']?.image).toMatch(/^influxdb:2\./)
    expect(existsSync(join(root, compose.services['hours']!.build!.dockerfile))).toBe(true)
  })

  it('mounts only paths that exist here and volumes it declares; refers only to services it has', () => {
    for (const [, { volumes = [], network_mode, depends_on = [] }] of services) {
      for (const [source = ''] of volumes.map((one) => one.split(':')))
        if (source.startsWith('.')) expect(existsSync(join(deploy, source)), source).toBe(true)
        else expect(Object.keys(compose.volumes)).toContain(source)
      const named = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on)
      for (const name of [...named, ...(network_mode ? [network_mode.replace('service:', '')] : [])])
        expect(Object.keys(compose.services)).toContain(name)
    }
  })

  it('publishes TLS ports alone, and not of InfluxDB or Grafana', () => {
    expect(services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]))).toEqual([
      ['hours', '8883:8883'],
      ['hours', '443:443'],
    ])
  })

  it('holds no secret, and env.example names every variable that must be set', () => {
    const wanted = new Set([...text('compose.yaml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!))
    const offered = new Set([...text('env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name!))
    expect(offered).toEqual(wanted)
    expect(text('compose.yaml')).not.toMatch(/(?:PASSWORD|TOKEN): (?!\$\{)/)
  })

  it('has a proxy that passes everybody on to the door of hours, and knows its own variables', () => {
    const file = text('Caddyfile')
    // A login of the proxy's own would keep out API keys, Prometheus and gateways that enrol.
    expect(file).not.toMatch(/basic_?auth|forward_auth/)
    expect(file).toMatch(/reverse_proxy 127\.0\.0\.1:8080/)
    expect(file.match(/\{/g)?.length).toBe(file.match(/\}/g)?.length)
    // Links of the dashboards to the page have Grafana's root before them; they must never lead to another host.
    const grafana = new URL(
      compose.services['grafana']!.environment!['GF_SERVER_ROOT_URL']!.replace(/\$\{.*?\}/, 'h'),
    )
    expect(file).toContain(`handle_path ${grafana.pathname}page/* {\n\t\tredir https://{$HOURS_HOST}{uri}\n`)
    const used = new Set([...file.matchAll(/\{\$(\w+)\}/g)].map(([, name]) => name!))
    expect(used).toEqual(new Set(Object.keys(compose.services['proxy']?.environment ?? {})))
    const args = compose.services['hours']!.command!
    expect(args).toContain('--behind-proxy')
    expect(args[args.indexOf('--name') + 1]).toMatch(/^\$\{HOURS_HOST:\?/)
  })

  it('bakes no secret, no data and nothing of this machine into the image', () => {
    const patterns = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    /** As Docker does: a pattern that matches a folder takes all below it. */
    const isLeftOut = (path: string) =>
      path
        .split('/')
        .map((_, i, parts) => parts.slice(0, i + 1).join('/'))
        .some((part) => patterns.some((pattern) => matchesGlob(part, pattern)))
    const secrets = [
      'deploy/.env',
      '.env',
      'deploy/tls/web-key.pem',
      'data/keys/operator.pem',
      'site/operations.sqlite',
    ]
    for (const path of [
      ...secrets,
      'data/site/log/2026/tile',
      '.git/config',
      'node_modules/x/y.js',
      'gateway/node_modules/z',
    ])
      expect([path, isLeftOut(path)]).toEqual([path, true])
    for (const path of [
      'hours.ts',
      'package-lock.json',
      'dashboards/web/src/main.tsx',
      'deploy/compose.yaml',
    ])
      expect([path, isLeftOut(path)]).toEqual([path, false])
  })

  it('starts hours with options that it has', () => {
    const [verb, ...args] = compose.services['hours']!.command!
    const help = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'hours.ts', verb!, '--help'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    ).stdout
    for (const flag of args.filter((one) => one.startsWith('--'))) expect(help).toContain(flag)
  })
})

describe('Grafana’s files in deploy/', () => {
  it('are what `hours dashboards emit` makes', () => {
    const files = provisioningFiles(
      { ...defaultOptions, influxUrl: 'http://influxdb:8086', pageUrl: '/page' },
      '/var/lib/grafana/dashboards/instrument-hours',
    )
    for (const [path, body] of files)
      expect(text(`grafana/${path}`) === body, `${path}: emit again`).toBe(true)
    const there = readdirSync(join(deploy, 'grafana'), { recursive: true, withFileTypes: true })
    expect(there.filter((one) => one.isFile())).toHaveLength(files.size)
  })
})

const isThere = spawnSync('systemd-analyze', ['--version']).status === 0
const analyze = isThere || process.env['HOURS_REQUIRE_SERVICES'] === '1'
if (!analyze)
  console.warn('left out: systemd-analyze is not installed; units are read, not verified by systemd')

describe('the systemd units', () => {
  const units = ['hours-ingest.service', 'hours-gateway.service']

  it('name only files that are there, and only variables that serve knows', () => {
    for (const unit of units)
      for (const [, file] of text(`systemd/${unit}`).matchAll(/^ExecStart(?:Pre)?=.* (\S+\.ts)\b/gm))
        expect(existsSync(join(root, file!)), file).toBe(true)
    const named = [...text('systemd/hours-ingest.service').matchAll(/\b((?:HOURS_)?INFLUX_[A-Z_]+)/g)]
    const known = readFileSync(join(root, 'cli/site-series.ts'), 'utf8')
    for (const [, name] of [...named, ...text('compose.yaml').matchAll(/\b(HOURS_INFLUX_[A-Z_]+):/g)])
      expect(known).toContain(name!)
  })

  it.each(units)(
    '%s starts a verb that exists with options it has, as nobody special, and stops cleanly',
    (unit) => {
      const body = text(`systemd/${unit}`)
      const [, verb, own, flags] =
        /^ExecStart=(?:\S+\/node -.* hours\.ts (\w+)|\S+\/hours-(gateway)) (.*)$/m.exec(body) ?? []
      const help = spawnSync(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', 'hours.ts', verb ?? own!, '--help'],
        { cwd: root, encoding: 'utf8' },
      ).stdout
      for (const flag of flags!.split(' ').filter((one) => one.startsWith('--'))) expect(help).toContain(flag)
      expect(body).toMatch(/^User=hours/m)
      expect(body).toMatch(/^NoNewPrivileges=true$/m)
      expect(body).toMatch(/^KillSignal=SIGTERM$/m)
    },
  )

  it.runIf(analyze).each(units)('systemd finds nothing wrong with %s', (unit) => {
    const folder = mkdtempSync(join(tmpdir(), 'hours-units-'))
    try {
      // Paths of the installed machine do not exist here.
      const body = text(`systemd/${unit}`).replaceAll(
        /^(ExecStart(?:Pre)?=\+?)\S+\/(?:node|hours-gateway) /gm,
        `$1${process.execPath} `,
      )
      writeFileSync(join(folder, unit), body)
      const { stderr, status } = spawnSync(
        'systemd-analyze',
        ['verify', '--man=no', '--recursive-errors=no', join(folder, unit)],
        {
          encoding: 'utf8',
        },
      )
      expect(stderr.split('\n').filter((line) => line.includes(unit))).toEqual([])
      expect(status).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
