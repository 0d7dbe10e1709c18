import { cpus, totalmem } from 'node:os'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Target {
  readonly value: number
  readonly unit: string
  readonly better: 'higher' | 'lower'
  readonly says: string
}

const targets = JSON.parse(readFileSync(join(import.meta.dirname, 'targets.json'), 'utf8')) as Record<
  string,
  Target
>

/** Prints a figure beside its target (bench/targets.json); returns whether the target is met. */
export function printFigure(name: string, value: number, note = ''): boolean {
  const target = targets[name]
  const shown = value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
  if (!target) {
    console.log(`${name.padEnd(26)} ${shown.padStart(10)} ${note}`)
    return true
  }
  const met = target.better === 'higher' ? value >= target.value : value <= target.value
  const sign = target.better === 'higher' ? 'at least' : 'at most'
  console.log(
    `${name.padEnd(26)} ${shown.padStart(10)} ${target.unit} (target ${sign} ${target.value.toLocaleString('en')}: ${met ? 'met' : 'MISSED'}) ${target.says}${note ? `; ${note}` : ''}`,
  )
  return met
}

/** The machine and the command, so that a figure can be had again. */
export function printMachine(command: string): void {
  const model = cpus()[0]?.model ?? 'unknown processor'
  console.log(
    `# ${cpus().length} x ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, loopback only`,
  )
  console.log(`# ${command}`)
}

/** User and system CPU seconds and resident MB of a process, from /proc (Linux). */
export function processUsage(pid: number): { cpuSeconds: number; rssMb: number; peakMb: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = (key: string) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? 0)
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / 100,
    rssMb: kilobytes('VmRSS') / 1_024,
    peakMb: kilobytes('VmHWM') / 1_024,
  }
}
