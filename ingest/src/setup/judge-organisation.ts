import { Instant, type Millis, Names, OrganisationId } from '@hours/protocol'
import { z } from 'zod'
import type { Reach } from '../access/reach.ts'
import type { Registry } from '../ports.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'
import { treeFault } from '../sessions/tree-fault.ts'
import { pastFaults } from './dates.ts'
import { isSame, type Judged, unless } from './judged.ts'
import { recordItem } from '../write-records.ts'

export const OrganisationGiven = z.strictObject({
  id: OrganisationId,
  parent: OrganisationId.nullable(),
  kind: z.enum(['province', 'city', 'entity', 'unit']),
  names: Names,
  zone: z.string().max(64).optional().describe('IANA zone, such as Asia/Shanghai'),
  flags: z.object({ sme: z.boolean().optional(), hkMacaoForeign: z.boolean().optional() }).optional(),
  from: Instant.optional().describe('from when on this stands; absent = now'),
})
export type OrganisationGiven = z.infer<typeof OrganisationGiven>

const ever = Number.MAX_SAFE_INTEGER

/** Judges an organisation that is new, or changes from an instant on. */
export function judgeOrganisation(given: OrganisationGiven, reach: Reach, now: Millis): Judged {
  const { from = now, ...said } = given
  const made = { ...said, from }
  const stands = reach.seen.organisation(given.id, from)
  if (stands) {
    const { id, parent, kind, names, zone, flags } = stands
    if (isSame({ id, parent, kind, names, zone, flags }, said)) return { ok: true, fate: 'same', items: [] }
  }
  const own = ownFaults(given, reach)
  const tree = own.length > 0 ? undefined : treeFault(reach.seen, made, reach.advise)
  const faults = [...own, ...(tree ? [tree] : []), ...(stands ? pastFaults('from', from, reach, now) : [])]
  return unless(faults, () => ({
    ok: true,
    fate: stands ? 'changed' : 'new',
    items: [recordItem('organisation', 'installation', { ...made, actor: reach.actor })],
  }))
}

/**
 * Whoever is bound to organisations makes units below them. A legal entity of one's own making inside another would turn
 * use inside the house into use from outside, so that is the operator's.
 */
function ownFaults({ id, parent, kind }: OrganisationGiven, { seen, all, operates }: Reach): RowFault[] {
  if (operates) return []
  const known = all.organisation(id, ever)
  if (known && !seen.organisation(id, ever)) return [fault('id', id, 'this id is taken', 'choose another')]
  if (known && seen.organisation(id, ever)?.parent === null)
    return [fault('id', id, 'what you manage hangs on it', 'ask the operator of the installation')]
  if (parent === null)
    return [
      fault('parent', '', 'it would stand outside of what you manage', 'name one of your organisations'),
    ]
  if (kind !== 'unit' && entityAbove(all, parent))
    return [fault('kind', kind, 'inside a legal entity there are only units', 'write unit')]
  return []
}

function entityAbove(registry: Registry, id: string): boolean {
  for (let at: string | null | undefined = id, depth = 0; at && depth < 16; depth++) {
    const one = registry.organisation(at, ever)
    if (one?.kind === 'entity') return true
    at = one?.parent
  }
  return false
}
