import { useEffect, useState } from 'preact/hooks'
import { api, loadCheckpoint } from '../api-client.ts'
import { serverNow } from '../clock.ts'
import { count, duration } from '../format.ts'
import { FaultNotice, Notice } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { text } from '../text/text.ts'

/** The evidence log: how large, which root, who else has signed it; and whether the charts' store keeps up. */
export function LogSection() {
  const words = text.value.quality
  const health = useResource(api.health(), 30_000)
  const log = health.data?.log?.at(-1)
  const checkpoint = useCheckpoint(log?.origin, log?.size)
  const lines = checkpoint?.split('\n') ?? []
  const witnesses = lines
    .filter((line) => line.startsWith('— '))
    .map((line) => line.split(' ')[1] ?? '')
    .filter((name) => name !== log?.origin)
  const series = health.data?.series
  return (
    <section>
      <h2>{words.log}</h2>
      <FaultNotice of={health} />
      {health.data?.reasons?.map((reason) => (
        <Notice key={reason} title={reason} bad />
      ))}
      {log ? (
        <dl class="pairs">
          <dt>{words.size}</dt>
          <dd class="big">{count(log.size)}</dd>
          <dt>{words.origin}</dt>
          <dd>
            <code>{log.origin}</code>
          </dd>
          <dt>{words.root}</dt>
          <dd>
            <code>{lines[2] ?? '–'}</code>
          </dd>
          <dt>{words.witnesses}</dt>
          <dd>
            {witnesses.length > 0
              ? witnesses.map((name) => <code key={name}>{name} </code>)
              : words.noWitnesses}
          </dd>
          <dt>{words.series}</dt>
          <dd>
            {series?.failing ??
              (series?.oldest ? words.behind(duration(serverNow.value - series.oldest)) : words.upToDate)}
          </dd>
        </dl>
      ) : null}
    </section>
  )
}

function useCheckpoint(origin: string | undefined, size: number | undefined): string | undefined {
  const [note, setNote] = useState<string | undefined>()
  useEffect(() => {
    if (origin === undefined) return
    // Without it the section shows no root and no witnesses, which is what is known then.
    loadCheckpoint(origin).then(setNote, () => setNote(undefined))
  }, [origin, size])
  return note
}
