import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard'
import type { DashboardOptions } from './options.ts'
import { say, type Text } from './texts.ts'

/**
 * Link to the built-in page, to its fleet or to one instrument, in a tab of its own: Grafana would take a path below its
 * root for one of its own places. None where nobody said where the page is.
 */
export function pageLink(
  { pageUrl, language }: Pick<DashboardOptions, 'pageUrl' | 'language'>,
  title: Text,
  of?: { readonly site: string; readonly instrument: string },
): DashboardLinkBuilder[] {
  if (pageUrl === undefined) return []
  const path = of ? `i/${of.site}/${of.instrument}` : 'fleet'
  return [
    new DashboardLinkBuilder(say(title, language))
      .type(DashboardLinkType.Link)
      .url(`${pageUrl.replace(/\/+$/, '')}/${path}`)
      .targetBlank(true),
  ]
}
