import { createManualClock, GatewayId } from '@hours/protocol'
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
})
