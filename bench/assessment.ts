// Figures out of the index of 9,900 instruments: node bench/assessment.ts [instruments]. A year of daily and monthly rows is
// put there by the writer of the figures' own tables; a test holds that pages come to the same rows.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { createApi, createIngest, recordItem } from '@hours/ingest'
import { createManualClock, DAY, HOUR, type Millis } from '@hours/protocol'
import { civilDays, civilMonths, rowColumns } from '@hours/usage'
import { pino } from 'pino'
import { createFigureTable, type FigureDay } from '../ingest/src/figures/figure-table.ts'
import { printFigure } from './figure.ts'

const count = Number(process.argv[2] ?? 9_900)
const zone = 'Asia/Shanghai'
/** 2025 in Shanghai. */
const year = { from: Date.UTC(2024, 11, 31, 16), to: Date.UTC(2025, 11, 31, 16) }
const houses = 300
const days = civilDays(zone, year.from, year.to)
const months = civilMonths(zone, year.from, year.to)
const site = 'bench'
const instrumentName = (i: number) => `i-${String(i).padStart(5, '0')}`

const dir = mkdtempSync(join(tmpdir(), 'hours-bench-'))
const open = (at: Millis, clock = createManualClock(at)) => {
  const log = pino({ level: 'error' }, pino.destination(2))
  return createIngest({ dataDir: dir, clock, log, logName: 'demo.bench', simulated: true })
}

/** 300 managing units below 30 entities, and the instruments, enrolled for all of the year. */
async function enrol(): Promise<void> {
  const ingest = await open(year.from - HOUR)
  const of = { zone, from: year.from - HOUR }
  const units = Array.from({ length: houses }, (_, i) => i)
  await ingest.recordAll([
    ...units
      .filter((i) => i % 10 === 0)
      .map((i) =>
        recordItem('organisation', 'installation', {
          ...{ id: `house-${i}`, parent: null, kind: 'entity', names: { en: `House ${i}` }, ...of },
        }),
      ),
    ...units.map((i) =>
      recordItem('organisation', 'installation', {
        ...{
          id: `unit-${i}`,
          parent: `house-${i - (i % 10)}`,
          kind: 'unit',
          names: { en: `Unit ${i}` },
          ...of,
        },
      }),
    ),
    ...Array.from({ length: count }, (_, i) =>
      recordItem('enrolment', site, {
        ...{ instrument: instrumentName(i), gateway: `gw-${i % 2_475}`, unit: `unit-${i % houses}` },
        ...{
          from: year.from - HOUR,
          names: { en: `Instrument ${i}` },
          class: 'general',
          alwaysOn: i % 50 === 0,
        },
        ...{ exclusive: true, prepMs: 0, postMs: 0, valueFen: 60_000_000, kind: i % 3 ? 'sem' : 'nmr' },
      }),
    ),
  ])
  await ingest.settled()
  await ingest.close()
}

/** A record of the next year, and with it the `time` that says that all those days are over. */
async function endYear(): Promise<void> {
  const ingest = await open(year.to + HOUR)
  await ingest.recordAll([
    recordItem('membership', 'installation', { channel: 'net', organisation: 'house-0', from: year.from }),
  ])
  await ingest.close()
}

/** What instrument `i` did on day `d`: 8 h on, most of it run, a part of that for others; a tenth with a gap. */
function dayOf(i: number, d: number): FigureDay {
  const { from, to } = days[d] ?? { from: 0, to: 0 }
  const unknown = (i + d) % 10 === 0 ? HOUR : 0
  const run = ((i * 7 + d * 3) % 9) * HOUR
  const external = Math.round(run / (2 + (i % 4)))
  const columns: Partial<Record<(typeof rowColumns)[number], number>> = {
    ...{ enrolled: DAY, run, standby: HOUR, unknown, off: DAY - HOUR - run - unknown, effective: run },
    ...{ effectiveUpper: run + unknown, external, ownUnit: run - external, service: external },
    research: run - external,
  }
  const use = {
    session: `s-${i}-${d}`,
    at: from,
    user: `u-${i % 97}`,
    purpose: 'service' as const,
    sme: i % 5 === 0,
  }
  const uses = [
    { ...use, beneficiary: `house-${(i % 30) * 10}`, relation: 'external', ms: external },
  ] as const
  return {
    from,
    to,
    values: rowColumns.map((column) => columns[column] ?? 0),
    // Somebody from outside once a week.
    uses: external > 0 && d % 7 === 0 ? uses : [],
  }
}

function fill(): void {
  const db = new DatabaseSync(join(dir, 'index.sqlite'))
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; DELETE FROM usage_dirty')
  const table = createFigureTable(db)
  const ids = db
    .prepare('SELECT id FROM instruments ORDER BY id')
    .all()
    .map((row) => Number(row['id']))
  for (let i = 0; i < ids.length; i += 100) {
    db.exec('BEGIN')
    for (const [k, id] of ids.slice(i, i + 100).entries()) {
      table.put(
        id,
        Array.from(days, (_, d) => dayOf(i + k, d)),
      )
      for (const month of months) table.rollUp(id, month)
    }
    db.exec('COMMIT')
  }
  db.close()
}

const seconds = (since: number) => `${((performance.now() - since) / 1_000).toFixed(1)} s`
const load = () => `load ${loadavg()[0]?.toFixed(1) ?? ''}`

interface Asked {
  readonly took: readonly number[]
  /** Milliseconds of CPU of each, ascending, of this process: server and caller. On an idle machine it takes no longer. */
  readonly cpu: readonly number[]
}

/** Milliseconds of each of `times` answers over loopback HTTP, ascending; what is no 200 ends the run. */
async function ask(base: string, times: number, path: (n: number) => string): Promise<Asked> {
  const took: number[] = []
  const cpu: number[] = []
  for (let n = 0; n < times; n++) {
    const before = process.cpuUsage()
    const begun = performance.now()
    const answer = await fetch(`${base}${path(n)}`)
    const body = await answer.text()
    took.push(performance.now() - begun)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1_000)
    if (answer.status !== 200) throw new Error(`${path(n)}: ${answer.status} ${body.slice(0, 300)}`)
  }
  return { took: took.sort(ascending), cpu: cpu.sort(ascending) }
}
const ascending = (a: number, b: number) => a - b
const rank = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
const at = ({ took }: Asked, share: number) => rank(took, share)
const spread = (asked: Asked) =>
  `p50 ${at(asked, 0.5).toFixed(1)}, p99 ${at(asked, 0.99).toFixed(1)}, most ${at(asked, 1).toFixed(1)} ms of ${asked.took.length}; CPU p50 ${rank(asked.cpu, 0.5).toFixed(1)}, p99 ${rank(asked.cpu, 0.99).toFixed(1)} ms; ${load()}`

async function measure(): Promise<boolean> {
  const clock = createManualClock(year.to + 2 * HOUR)
  const ingest = await open(clock.wall(), clock)
  const api = await createApi({
    ...{
      ingest,
      log: pino({ level: 'error' }, pino.destination(2)),
      software: 'bench',
      logDir: join(dir, 'log'),
    },
  })
  const base = await api.listen({ port: 0, host: '127.0.0.1' })
  const begun = performance.now()
  await ask(base, 1, () => '/api/v1/assessments?ruleset=zj-2021&period=2025')
  console.log(
    `first answer ${seconds(begun)}; ${(statSync(join(dir, 'index.sqlite')).size / 1e6).toFixed(0)} MB of index`,
  )

  const parameters = encodeURIComponent(JSON.stringify({ baseHours: 2_000 }))
  const all = await ask(base, 9, () => '/api/v1/assessments?ruleset=zj-2021&period=2025')
  const counted = await ask(
    base,
    3,
    () => `/api/v1/assessments?ruleset=gd-2023&period=2025&parameters=${parameters}`,
  )
  const odd = await ask(base, 3, () => '/api/v1/assessments?ruleset=zj-2021&period=2025-01-02..2025-12-31')
  const met = [printFigure('assessmentMs', at(all, 0.5), `zj-2021, the middle; ${spread(all)}`)]
  printFigure('  with counted records, ms', at(counted, 0.5), `gd-2023; ${spread(counted)}`)
  printFigure('  all but two days, ms', at(odd, 0.5), spread(odd))
  const whole = await ask(base, 3, () => '/api/v1/figures?scope=all&period=2025&members=0')
  printFigure('  figures of all, ms', at(whole, 0.5), spread(whole))

  const one = (n: number) => `${site}/${instrumentName((n * 7_919) % count)}`
  // A server that has run for a while: the first hundreds of answers are compiled while they are made.
  await ask(base, 300, (n) => `/api/v1/figures?scope=${one(n)}&period=2025`)
  const own = await ask(base, 300, (n) => `/api/v1/figures?scope=${one(n)}&period=2025`)
  met.push(
    printFigure('instrumentYearMs', at(own, 0.5), `every figure with bounds, the middle; ${spread(own)}`),
  )
  const daily = await ask(base, 100, (n) => `/api/v1/usage?scope=${one(n)}&period=2025&by=day`)
  printFigure('  its 365 days, ms', at(daily, 0.99), spread(daily))

  const cursors = Math.max(1, Math.floor(count / 50))
  const orders = ['', '', '', '&sort=name', '&sort=state', '&sort=on', '&organisation=house-10', '&q=nmr']
  const page = (n: number) => {
    const order = orders[n % orders.length] ?? ''
    // Time goes on: orders by state and hours are made again, and minutes of power end.
    clock.advanceTo(clock.wall() + 200)
    const offset = order.includes('=house') || order.includes('q=') ? 0 : ((n * 31) % cursors) * 50
    return `/api/v1/instruments?limit=50${order}${offset > 0 ? `&cursor=${offset}` : ''}`
  }
  // And whose background round over the fleet's month has come to its end.
  await ask(base, 300, page)
  await pause(15_000)
  const pages = await ask(base, 600, page)
  met.push(printFigure('fleetPageP99Ms', at(pages, 0.99), `every order, filters; ${spread(pages)}`))
  await api.close()
  await ingest.close()
  return met.every(Boolean)
}

let met = false
try {
  for (const [what, step] of [
    [`enrolling ${count} instruments`, enrol],
    ['ending the year', endYear],
    [`writing ${count} x ${days.length} days`, fill],
  ] as const) {
    const begun = performance.now()
    await step()
    console.log(`${what}: ${seconds(begun)}`)
  }
  met = await measure()
} finally {
  rmSync(dir, { recursive: true, force: true })
}
process.exit(met ? 0 : 1)
