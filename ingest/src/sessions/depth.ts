import { firstPlace } from '@hours/protocol'
import type { Lasting } from './time-index.ts'

/** How many things last at each instant. */
export interface Depth {
  add(span: Lasting): void
  /** The most at any instant of the span; stops counting at `enough`. */
  most(span: Lasting, enough: number): number
}

/**
 * Steps over time in blocks: a span that covers a block raises it as a whole. Of a hundred thousand sessions, one more costs
 * a few hundred additions, however long it lasts.
 */
interface Block {
  /** From `begins[i]` on there are `raised + depths[i]`, until the next one begins. */
  readonly begins: number[]
  readonly depths: number[]
  raised: number
  /** The greatest of `depths`. */
  most: number
}

const maxSteps = 512

export function createDepth(spans: Iterable<Lasting> = []): Depth {
  const blocks: Block[] = [{ begins: [-Infinity], depths: [0], raised: 0, most: 0 }]

  /** Makes a step begin at `at`, as deep as the one that it cuts. */
  function cut(at: number): void {
    const k = lastAt(blocks.length, (i) => (blocks[i]?.begins[0] ?? 0) <= at)
    const block = blocks[k]
    if (!block) return
    const { begins, depths } = block
    const i = lastAt(begins.length, (step) => (begins[step] ?? 0) <= at)
    if (begins[i] === at) return
    begins.splice(i + 1, 0, at)
    depths.splice(i + 1, 0, depths[i] ?? 0)
    if (begins.length > maxSteps) blocks.splice(k, 1, ...halves(block))
  }

  function add({ from, to }: Lasting): void {
    if (to <= from) return
    cut(from)
    cut(to)
    for (const [k, block] of touched(from, to)) {
      if (isWithin(k, from, to)) block.raised += 1
      else {
        for (const i of block.begins.keys()) {
          const begin = block.begins[i] ?? 0
          if (from <= begin && begin < to) block.depths[i] = (block.depths[i] ?? 0) + 1
        }
        block.most = Math.max(...block.depths)
      }
    }
  }

  function* touched(from: number, to: number): Generator<[number, Block]> {
    const first = lastAt(blocks.length, (i) => (blocks[i]?.begins[0] ?? 0) <= from)
    for (let k = first, block = blocks[k]; block && (block.begins[0] ?? 0) < to; block = blocks[++k])
      yield [k, block]
  }

  const isWithin = (k: number, from: number, to: number) =>
    from <= (blocks[k]?.begins[0] ?? 0) && (blocks[k + 1]?.begins[0] ?? Infinity) <= to

  for (const span of spans) add(span)
  return {
    add,
    most({ from, to }, enough) {
      let most = 0
      if (to <= from) return most
      for (const [k, block] of touched(from, to)) {
        if (most >= enough) break
        most = Math.max(most, block.raised + (isWithin(k, from, to) ? block.most : mostOf(block, from, to)))
      }
      return most
    },
  }
}

function mostOf({ begins, depths }: Block, from: number, to: number): number {
  let most = 0
  const first = Math.max(
    0,
    lastAt(begins.length, (i) => (begins[i] ?? 0) <= from),
  )
  for (let i = first; i < begins.length && (begins[i] ?? 0) < to; i++) most = Math.max(most, depths[i] ?? 0)
  return most
}

function halves({ begins, depths, raised }: Block): Block[] {
  const middle = begins.length >> 1
  return [
    [0, middle],
    [middle, begins.length],
  ].map(([from, to]) => {
    const own = depths.slice(from, to)
    return { begins: begins.slice(from, to), depths: own, raised, most: Math.max(...own) }
  })
}

/** The last place of 0 ... `length` - 1 for which `isBefore` holds, which it does up to some place; -1 = for none. */
const lastAt = (length: number, isBefore: (i: number) => boolean): number =>
  firstPlace(length, (i) => !isBefore(i)) - 1
