import type { PowerSeries } from '@hours/protocol'

const minute = 60_000

/** A day of an instrument that does not exist, to try the levels on before there is a real trace. */
export function exampleTrace(now: number): PowerSeries['points'] {
  const end = Math.floor(now / minute) * minute
  return Array.from({ length: 240 }, (_, i) => {
    const phase = i % 80
    const level = i < 24 || i > 214 ? 3_000 : phase < 18 ? 130_000 : 620_000 + 50_000 * Math.sin(i / 4)
    const mean = Math.round(level * (1 + 0.05 * Math.sin(i * 1.7)))
    return [end - (240 - i) * 6 * minute, Math.round(mean * 0.95), mean, Math.round(mean * 1.05)]
  })
}
