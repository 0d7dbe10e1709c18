import { binWatts, type Calibration, type PowerHistogram } from '@hours/sensing'

const watts = (w: number): string => (w >= 100 ? w.toFixed(0) : w.toFixed(1))

interface Bar {
  readonly from: number
  readonly to: number
  readonly share: number
}

/** The histogram in at most `count` bars over the powers that were seen. */
function bars(histogram: PowerHistogram, count: number): Bar[] {
  const { share } = histogram
  const most = Math.max(...share)
  const first = share.findIndex((s) => s > most / 1_000)
  const last = share.findLastIndex((s) => s > most / 1_000)
  const per = Math.max(1, Math.ceil((last - first + 1) / count))
  return Array.from({ length: Math.ceil((last - first + 1) / per) }, (_, i) => {
    const from = first + i * per
    const sum = share.slice(from, from + per).reduce((total, s) => total + s, 0)
    return {
      from: Math.max(0, binWatts(histogram, from - 0.5)),
      to: Math.max(0, binWatts(histogram, from + per - 0.5)),
      share: sum,
    }
  }).filter((bar) => bar.to > 0)
}

/** Marks beside the bars that hold a threshold. */
function thresholdsIn(bar: Bar, found: Calibration): string {
  const t = found.thresholds
  if (!t) return ''
  const named = {
    'off below': t.onStopMw,
    'on from': t.onStartMw,
    'run ends below': t.runStopMw,
    'run from': t.runStartMw,
  }
  return Object.entries(named)
    .filter(([, mw]) => mw / 1_000 >= bar.from && mw / 1_000 < bar.to)
    .map(([name, mw]) => ` <- ${name} ${watts(mw / 1_000)} W`)
    .join('')
}

/** What `hours calibrate` prints for people: verdict, levels, evidence, and the time spent at each power. */
export function calibrationText(found: Calibration): string {
  const { thresholds: t, evidence } = found
  const lines = [
    found.accepted ? `ACCEPTED: ${found.reason}` : `REFUSED (${found.code ?? ''}): ${found.reason}`,
    '',
  ]
  if (t)
    lines.push(
      `powered  from ${watts(t.onStartMw / 1_000)} W, off below ${watts(t.onStopMw / 1_000)} W`,
      `run      from ${watts(t.runStartMw / 1_000)} W, ends below ${watts(t.runStopMw / 1_000)} W`,
      `times    dwell ${t.dwellMs / 1_000} s, hold ${t.holdMs / 1_000} s, max gap ${t.maxGapMs / 1_000} s; plausible ${t.plausibleMw.map((mw) => watts(mw / 1_000)).join(' to ')} W`,
      `replay   --on ${t.onStartMw / 1_000} --on-stop ${t.onStopMw / 1_000} --run ${t.runStartMw / 1_000} --run-stop ${t.runStopMw / 1_000} --dwell ${t.dwellMs / 1_000} --hold ${t.holdMs / 1_000} --max-gap ${t.maxGapMs / 1_000} --min ${t.plausibleMw[0] / 1_000} --max ${t.plausibleMw[1] / 1_000}`,
      '',
    )
  for (const level of found.levels)
    lines.push(
      `${level.means.padEnd(8)} ${watts(level.watts).padStart(8)} W  (${watts(level.low)} to ${watts(level.high)} W)  ${level.hours.toFixed(2)} h`,
    )
  lines.push('', ...readings(found))
  if (evidence.histogram) lines.push('', ...picture(evidence.histogram, found))
  return lines.join('\n')
}

/** What was read and left out, and how short crossings were taken. */
function readings({ evidence }: Calibration): string[] {
  const { samples, rejected, knownHours, unknownHours, flicker, pulses, dips, alternatives = [] } = evidence
  const out = rejected.map(({ reason, count }) => `${reason} ${count}`).join(', ')
  const lines = [
    `known    ${knownHours.toFixed(2)} h of ${(knownHours + unknownHours).toFixed(2)} h in ${samples} readings${out ? `; left out: ${out}` : ''}`,
  ]
  if (pulses && dips && flicker && flicker !== 'none')
    lines.push(
      `short    ${pulses.count} peaks of at most ${pulses.longestMs / 1_000} s, pauses of at most ${dips.longestMs / 1_000} s: ${crossings[flicker]}`,
    )
  for (const { runStartMw, hours } of alternatives)
    lines.push(
      `reading  ${runStartMw === null ? 'nothing is a run' : `run from ${watts(runStartMw / 1_000)} W`}: ${hours.toFixed(2)} h`,
    )
  return lines
}

const crossings = {
  run: 'runs work in cycles',
  standby: 'a waiting machine pulses',
  unclear: 'either, power does not tell',
} as const

function picture(histogram: PowerHistogram, found: Calibration): string[] {
  const all = bars(histogram, 30)
  const most = Math.max(...all.map((bar) => bar.share))
  return [
    'Share of known time at each power (bar length on a log scale):',
    ...all.map((bar) => {
      const length = Math.max(0, Math.round(40 * (1 + Math.log10(Math.max(bar.share / most, 1e-4)) / 4)))
      return `${watts(bar.from).padStart(8)} W |${'█'.repeat(length).padEnd(40)}| ${(bar.share * 100).toFixed(2).padStart(6)} %${thresholdsIn(bar, found)}`
    }),
  ]
}

const colour: Readonly<Record<string, string>> = {
  off: '#9aa0a6',
  standby: '#e8b339',
  run: '#2e8b57',
  powered: '#5b7fb9',
}

/** The same picture as SVG: bars of time over power on a log scale, the thresholds as lines. */
export function calibrationSvg(found: Calibration): string {
  const { histogram } = found.evidence
  const all = histogram ? bars(histogram, 120) : []
  const most = Math.max(1e-9, ...all.map((bar) => bar.share))
  const width = 760 / Math.max(1, all.length)
  const height = (share: number) => Math.max(0, 240 * (1 + Math.log10(Math.max(share / most, 1e-4)) / 4))
  const meaning = (w: number) => found.levels.findLast((level) => w >= level.low * 0.97)?.means ?? 'off'
  const x = (w: number) => 20 + width * all.findIndex((bar) => w < bar.to)
  const t = found.thresholds
  const marks = t
    ? { on: t.onStartMw / 1_000, run: t.runStartMw / 1_000, 'run stop': t.runStopMw / 1_000 }
    : {}
  const ticks = all.filter((_, i) => i % 20 === 0)
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 320" font-family="sans-serif" font-size="11">',
    `<title>${escaped(found.reason)}</title>`,
    '<rect width="800" height="320" fill="#fff"/>',
    ...all.map(
      (bar, i) =>
        `<rect x="${(20 + i * width).toFixed(1)}" y="${(280 - height(bar.share)).toFixed(1)}" width="${(width * 0.9).toFixed(1)}" height="${height(bar.share).toFixed(1)}" fill="${colour[meaning(bar.to)] ?? '#888'}"/>`,
    ),
    ...Object.entries(marks).map(
      ([name, w], i) =>
        `<line x1="${x(w).toFixed(1)}" x2="${x(w).toFixed(1)}" y1="30" y2="280" stroke="#b00020" stroke-dasharray="4 3"/><text x="${(x(w) + 3).toFixed(1)}" y="${40 + 13 * i}" fill="#b00020">${name} ${watts(w)} W</text>`,
    ),
    ...ticks.map((bar) => `<text x="${x(bar.from).toFixed(1)}" y="296">${watts(bar.from)} W</text>`),
    `<text x="20" y="314">${escaped(found.accepted ? found.reason : `Refused: ${found.reason}`)}</text>`,
    '</svg>',
    '',
  ].join('\n')
}

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
