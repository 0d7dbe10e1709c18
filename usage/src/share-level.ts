import { ratio } from './rates.ts'
import type { OrganisationTree } from './relation.ts'
import type { UseRow } from './use-rows.ts'

/**
 * `share_level(L)` (domain.md, section 4.6): effective time of beneficiaries outside unit L over all effective time of
 * L's instruments. What is external to a college is not external to its university. `effectiveMs` = E of L.
 */
export function shareLevel(
  tree: OrganisationTree,
  level: string,
  rows: Iterable<UseRow>,
  effectiveMs: number,
): { readonly outside: number; readonly share: number | null } {
  let outside = 0
  for (const { beneficiary, at, ms } of rows)
    if (!tree.path(beneficiary, at).some(({ id }) => id === level)) outside += ms
  return { outside, share: ratio(outside, effectiveMs) }
}

/** Whether the unit that manages an instrument at `at` is `level` or below it. */
export const belongsTo = (tree: OrganisationTree, unit: string, level: string, at: number): boolean =>
  tree.path(unit, at).some(({ id }) => id === level)
