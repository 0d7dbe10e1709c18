import { api } from './api-client.ts'
import { useResource } from './resource.ts'

/** The time zone of the site, for views over many instruments; the first instrument's until all say otherwise. */
export function useSiteZone(): string {
  const answer = useResource(api.instruments({ limit: 1 }))
  return answer.data?.items[0]?.zone ?? 'Asia/Shanghai'
}
