import type { Command } from 'commander'
import { runCommand } from './cli/run-command.ts'

/** A verb: one line for the list, and the file that is loaded only when it is asked for. */
interface Verb {
  readonly says: string
  readonly load: () => Promise<Command>
}

const verbs: Readonly<Record<string, Verb>> = {
  up: {
    says: 'the demo: the whole system with a simulated fleet, on this machine',
    load: async () => (await import('./cli/up.ts')).upCommand(),
  },
  init: {
    says: 'a real site: keys, log and policy, once',
    load: async () => (await import('./cli/init.ts')).initCommand(),
  },
  serve: {
    says: 'a real site: broker, log, API and page',
    load: async () => (await import('./cli/serve.ts')).serveCommand(),
  },
  gateway: {
    says: 'at the instruments: read plugs and meters, write signed pages',
    load: async () => (await import('./cli/gateway.ts')).gatewayCommand(),
  },
  account: {
    says: 'who may log in: add, list, disable, reset, API keys',
    load: async () => (await import('./cli/account.ts')).accountCommand(),
  },
  enrol: {
    says: 'let a gateway in by a one-time code, or shut one out',
    load: async () => (await import('./cli/enrol.ts')).enrolCommand(),
  },
  doctor: {
    says: 'is this machine fit: clock, disk, keys, ports, certificates, log',
    load: async () => (await import('./cli/doctor.ts')).doctorCommand(),
  },
  backup: {
    says: 'copy a site, also while it runs',
    load: async () => (await import('./cli/backup.ts')).backupCommand(),
  },
  restore: {
    says: 'put a backup back, never one that would fork the log',
    load: async () => (await import('./cli/restore.ts')).restoreCommand(),
  },
  broker: {
    says: 'the MQTT door alone, or its rights for Mosquitto (--acl mosquitto)',
    load: async () => (await import('./cli/broker.ts')).brokerCommand(),
  },
  ingest: {
    says: 'ingest alone, behind an external broker',
    load: async () => (await import('./cli/ingest.ts')).ingestCommand(),
  },
  sim: {
    says: 'simulated instruments that speak as real plugs do, to any MQTT broker',
    load: async () => (await import('./cli/sim.ts')).simCommand(),
  },
  replay: {
    says: 'what recorded power would have made: runs, hours, unknown time',
    load: async () => (await import('./cli/replay.ts')).replayCommand(),
  },
  calibrate: {
    says: 'propose thresholds from recorded power, with evidence, or refuse',
    load: async () => (await import('./cli/calibrate.ts')).calibrateCommand(),
  },
  figures: {
    says: 'every figure of a case file, with no server',
    load: async () => (await import('./cli/figures.ts')).figuresCommand(),
  },
  scenario: {
    says: "a known landscape through the real pipeline: the survey's quoted figures beside computed ones",
    load: async () => (await import('./cli/scenario.ts')).scenarioCommand(),
  },
  report: {
    says: 'figures of a scope and period: a table, a form, or a bundle with all the evidence',
    load: async () => (await import('./cli/report.ts')).reportCommand(),
  },
  verify: {
    says: 'check a report or an evidence log offline, believing nothing',
    load: async () => (await import('./cli/verify.ts')).verifyCommand(),
  },
  prove: {
    says: 'one page of a report with a proof of its own, for tools of others (C2SP tlog-proof)',
    load: async () => (await import('./cli/prove.ts')).proveCommand(),
  },
  witness: {
    says: 'the small server a regulator runs: cosigns checkpoints of logs that only grow',
    load: async () => (await import('./cli/witness.ts')).witnessCommand(),
  },
  rebuild: {
    says: 'make the index (and the series) again from the log alone',
    load: async () => (await import('./cli/rebuild.ts')).rebuildCommand(),
  },
  register: {
    says: 'tell a site its organisations, instruments, opening hours and listings from a file (--dry-run)',
    load: async () => (await import('./cli/register.ts')).registerCommand(),
  },
  import: {
    says: 'send sessions, bookings or claimed hours from a file to an ingest (--dry-run)',
    load: async () => (await import('./cli/import.ts')).importCommand(),
  },
  reconcile: {
    says: 'name every difference between log, index and series',
    load: async () => (await import('./cli/reconcile.ts')).reconcileCommand(),
  },
  dashboards: {
    says: 'Grafana dashboards and alerts: emit files or push them',
    load: async () => (await import('./cli/dashboards.ts')).dashboardsCommand(),
  },
}

const width = Math.max(...Object.keys(verbs).map((verb) => verb.length))
const listing = Object.entries(verbs)
  .map(([name, { says }]) => `  ${name.padEnd(width)}  ${says}`)
  .join('\n')
const usage = `Instrument Hours: verified power-on and run hours of scientific instruments

Usage: npm run -s hours -- <verb> [options]

Verbs:
${listing}

Each verb has --help. Exit codes: 0 done, 1 failed, 2 wrong usage; verbs name any others.
HOURS_DATA, HOURS_HTTP_PORT and HOURS_MQTT_PORT set what --data, --http and --mqtt set; flags win.`

async function main(argv: readonly string[]): Promise<number> {
  const [name = '--help', ...rest] = argv
  if (name === '--help' || name === '-h' || name === 'help') {
    console.log(usage)
    return 0
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!verb) {
    console.error(`hours: "${name}" is not a verb. Fix: one of ${Object.keys(verbs).join(', ')}.`)
    return 2
  }
  return await runCommand(`hours ${name}`, verb.load, rest)
}

process.exitCode = await main(process.argv.slice(2))
