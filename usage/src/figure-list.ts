import type { Rate } from './rates.ts'
import type { ScopeFigures } from './scope-figures.ts'

/** One figure with its bounds (domain.md, D4): ms, fractions, counts or fen as its unit says. */
export interface FigureLine {
  readonly of: string
  readonly kpi: string
  readonly unit: 'ms' | 'share' | 'count' | 'fen'
  readonly value: number | null
  readonly lower: number | null
  readonly upper: number | null
  /** What a rate is over (domain.md, D6), such as `calendar`, `schedule`, `quota:1400`, `effective`. */
  readonly denominator: string | null
  readonly coverage: number | null
  readonly grade: string | null
}

type Line = readonly [kpi: string, unit: FigureLine['unit'], value: number | null, upper?: number | null]

/** Every figure of a scope as a list, in the KPI names of domain.md in camelCase; what does not apply is left out. */
export function figureList(of: string, figures: ScopeFigures): FigureLine[] {
  const { figures: f } = figures
  const { coverage } = f.rates
  const about = { of, coverage: coverage.value, grade: f.grade }
  const plain = ([kpi, unit, value, upper = value]: Line): FigureLine => ({
    ...about,
    kpi,
    unit,
    value,
    lower: value,
    upper,
    denominator: null,
  })
  const rate = ([kpi, one]: readonly [string, Rate | undefined]): FigureLine[] =>
    one ? [{ ...about, kpi, unit: 'share', ...one }] : []
  return [
    ...hours(figures).map(plain),
    ...Object.entries(f.rates).flatMap(rate),
    ...(figures.channel ? rate(['channelAvail', figures.channel.channelAvail]) : []),
    ...counts(figures).map(plain),
    ...(figures.counted ? counted(figures.counted).map(plain) : []),
  ]
}

function hours({ figures: f, scheduled }: ScopeFigures): Line[] {
  return [
    ['enrolled', 'ms', f.enrolled],
    ['off', 'ms', f.states.off],
    ['standby', 'ms', f.states.standby],
    ['fault', 'ms', f.states.fault],
    ['unknown', 'ms', f.states.unknown],
    ['on', 'ms', f.on, f.onUpper],
    ['onRecovered', 'ms', f.onRecovered],
    ['run', 'ms', f.run, f.runUpper],
    ['effective', 'ms', f.effective, f.effectiveUpper],
    ['external', 'ms', f.external, f.externalUpper],
    ['ownUnit', 'ms', f.relation.ownUnit],
    ['sameEntity', 'ms', f.relation.sameEntity],
    ['unattributed', 'ms', f.unattributed],
    ['research', 'ms', f.purpose.research],
    ['teaching', 'ms', f.purpose.teaching],
    ['service', 'ms', f.purpose.service],
    ['openUse', 'ms', f.openUse],
    ['smeExternal', 'ms', f.smeExternal],
    ['hkMacaoForeign', 'ms', f.hkMacaoForeign],
    ['maintenance', 'ms', f.maintenance],
    ...([1, 3, 4] as const).map(
      (grade): Line => [`effectiveGrade${grade}`, 'ms', f.evidence.effective[grade]],
    ),
    ...([1, 3, 4] as const).map((grade): Line => [`externalGrade${grade}`, 'ms', f.evidence.external[grade]]),
    ['live', 'ms', f.live],
    ['late', 'ms', f.late],
    ...(scheduled
      ? ([
          ['idle', 'ms', f.idle ?? null],
          ['offSchedule', 'ms', f.offSchedule ?? null],
        ] satisfies Line[])
      : []),
  ]
}

function counts(figures: ScopeFigures): Line[] {
  const { use, shareLevel } = figures
  return [
    ['sets', 'count', figures.sets],
    ['shareInstruments', 'share', figures.shareInstruments],
    ['sensorRate', 'share', figures.register.sensorRate],
    ['networkEntry', 'share', figures.register.networkEntry],
    ['openRate', 'share', figures.register.openRate],
    ...(figures.channel ? ([['infoComplete', 'share', figures.channel.infoComplete]] satisfies Line[]) : []),
    ['shareUsersOrg', 'share', figures.shareUsersOrg],
    ['shareUsersPerson', 'share', figures.shareUsersPerson],
    ...(shareLevel ? ([['shareLevel', 'share', shareLevel.share]] satisfies Line[]) : []),
    ['meanOnPerSet', 'ms', figures.meanOnPerSet],
    ['meanEffectivePerSet', 'ms', figures.meanEffectivePerSet],
    ['meanExternalPerSet', 'ms', figures.meanExternalPerSet],
    ['meanOnPerSetPeriod', 'ms', figures.meanOnPerSetPeriod],
    ['meanEffectivePerSetPeriod', 'ms', figures.meanEffectivePerSetPeriod],
    ['meanExternalPerSetPeriod', 'ms', figures.meanExternalPerSetPeriod],
    ['users', 'count', use.persons],
    ['usersExternal', 'count', use.personsExternal],
    ['organisations', 'count', use.organisations],
    ['organisationsExternal', 'count', use.organisationsExternal],
  ]
}

function counted({ turnaroundMs, ...sums }: NonNullable<ScopeFigures['counted']>): Line[] {
  const { turnarounds } = sums
  return [
    ...Object.entries(sums).map(([name, value]): Line => {
      const unit = name.endsWith('Fen') ? 'fen' : name.endsWith('Ms') ? 'ms' : 'count'
      return [name, unit, value]
    }),
    // A sum of waits says nothing; of nobody's there is no mean.
    ['turnaroundMean', 'ms', turnarounds === 0 ? null : Math.round(turnaroundMs / turnarounds)],
  ]
}

/** Figures that reports of the first two editions have not. */
export const sinceThirdEdition: ReadonlySet<string> = new Set([
  ...['shifts', 'turnarounds', 'turnaroundMean', 'awards', 'papers', 'patents', 'functionsNew'],
])

/** Figures that reports of the first three editions have not. */
export const sinceFourthEdition: ReadonlySet<string> = new Set([
  ...['effectiveGrade1', 'effectiveGrade3', 'effectiveGrade4'],
  ...['externalGrade1', 'externalGrade3', 'externalGrade4'],
  ...['sensorRate', 'networkEntry', 'openRate', 'channelAvail', 'infoComplete'],
  ...['declaredOnMs', 'declaredRunMs', 'declaredEffectiveMs', 'declaredExternalMs'],
])

const columns = ['of', 'kpi', 'unit', 'value', 'lower', 'upper', 'denominator', 'coverage', 'grade'] as const

/** Figures as CSV, exact, one a line; in a last column durations in hours for people. */
export function figuresCsv(lines: readonly FigureLine[]): string {
  const rows = lines.map((line) => {
    // Two decimals as they were first written: verifiers compare the bytes of every bundle that was handed out.
    const inHours = line.unit === 'ms' && line.value !== null ? (line.value / 3_600_000).toFixed(2) : ''
    return [...columns.map((column) => String(line[column] ?? '')), inHours].join(',')
  })
  return [[...columns, 'hours'].join(','), ...rows, ''].join('\n')
}
