import { createManualClock, GatewayId, type UpMessage } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOrderedCommit } from './ordered-commit.ts'

const gateway = GatewayId.parse('gw-1')
const message = (topic: string) => ({ topic, payload: new Uint8Array() })

describe('commits of one gateway', () => {
  it('are answered in the order they came, in whatever order they become durable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }), async (order) => {
        const gates = order.map(() => Promise.withResolvers<undefined>())
        const commit = async ({ topic }: { topic: string }) => {
          await gates[Number(topic)]!.promise
        }
        const ordered = createOrderedCommit({ commit, clock: createManualClock(0), perSecond: 1_000 })
        const answered: number[] = []
        const all = order.map((_, i) =>
          ordered.take(gateway, message(String(i))).then(() => void answered.push(i)),
        )
        for (const i of order) gates[i]!.resolve(undefined)
        await Promise.all(all)
        expect(answered).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      }),
      { numRuns: 100 },
    )
  })

  it('start at once, so that they share an fsync', async () => {
    const gate = Promise.withResolvers<undefined>()
    let started = 0
    const commit = async () => {
      started += 1
      await gate.promise
    }
    const ordered = createOrderedCommit({ commit, clock: createManualClock(0), perSecond: 1_000 })
    const all = ['a', 'b', 'c'].map((topic) => ordered.take(gateway, message(topic)))
    expect(started).toBe(3)
    gate.resolve(undefined)
    await Promise.all(all)
    await ordered.idle()
  })

  it('fail alone, even when the commit throws at once, and hold back nobody else', async () => {
    const commit = ({ topic }: { topic: string }): Promise<void> => {
      if (topic === 'bad') throw new Error('disk full')
      return Promise.resolve()
    }
    const ordered = createOrderedCommit({ commit, clock: createManualClock(0), perSecond: 1_000 })
    const outcomes = await Promise.allSettled(
      ['a', 'bad', 'b'].map((topic) => ordered.take(gateway, message(topic))),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('are answered later above the rate, and none is dropped', async () => {
    const clock = createManualClock(0)
    const ordered = createOrderedCommit({ commit: () => Promise.resolve(), clock, perSecond: 10 })
    let answered = 0
    const all = Array.from({ length: 30 }, () =>
      ordered.take(gateway, message('a')).then(() => void (answered += 1)),
    )
    await Promise.all(all.slice(0, 10))
    expect(answered).toBe(10)
    clock.advanceTo(1_000)
    await Promise.all(all.slice(10, 20))
    expect(answered).toBe(20)
    clock.advanceTo(2_000)
    await Promise.all(all)
  })

  it('that have to wait start in the order they came, and not at all when nobody waits for them any more', async () => {
    const clock = createManualClock(0)
    const started: string[] = []
    const commit = ({ topic }: { topic: string }) => {
      started.push(topic)
      return Promise.resolve()
    }
    const ordered = createOrderedCommit({ commit, clock, perSecond: 10, burst: 2 })
    const gone = new Set<string>()
    const all = ['a', 'b', 'c', 'd', 'e'].map((topic) =>
      ordered.take(gateway, message(topic), () => gone.has(topic)).catch(() => undefined),
    )
    expect(started).toEqual(['a', 'b'])
    gone.add('d')
    clock.advanceTo(1_000)
    await Promise.all(all)
    expect(started).toEqual(['a', 'b', 'c', 'e'])
    await ordered.idle()
    await ordered.take(gateway, message('f'))
    expect(started).toContain('f')
  })

  it('of a gateway that has too much waiting are refused at once; of another they are not', async () => {
    const clock = createManualClock(0)
    const ordered = createOrderedCommit({
      ...{ commit: () => Promise.resolve(), clock, perSecond: 1, burst: 1, mostUnderway: 3 },
    })
    const all = ['a', 'b', 'c'].map((topic) => ordered.take(gateway, message(topic)))
    await expect(ordered.take(gateway, message('d'))).rejects.toThrow(/wait already/)
    await ordered.take(GatewayId.parse('gw-2'), message('x'))
    clock.advanceTo(5_000)
    await Promise.all(all)
    await ordered.take(gateway, message('e'))
  })

  it('cost more when they are refused, or long', async () => {
    const clock = createManualClock(0)
    let started = 0
    const commit = ({ topic, onRefused }: UpMessage) => {
      started += 1
      if (topic === 'bad') onRefused?.()
      return Promise.resolve()
    }
    const after = async (topic: string, bytes: number) => {
      const ordered = createOrderedCommit({ commit, clock, perSecond: 50, burst: 100 })
      started = 0
      for (let n = 0; n < 200; n++)
        void ordered.take(gateway, { topic, payload: new Uint8Array(bytes) }).catch(() => undefined)
      await new Promise((resolve) => setImmediate(resolve))
      return started
    }
    expect([await after('good', 10), await after('bad', 10), await after('good', 40_960)]).toEqual([
      100, 5, 9,
    ])
  })
})
