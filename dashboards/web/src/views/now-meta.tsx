import { serverNow } from '../clock.ts'
import { when, zoneOffset } from '../format.ts'
import { liveConnected } from '../live.ts'
import { text } from '../text/text.ts'

/** Time at the site, and whether changes arrive. */
export function NowMeta({ zone, kioskLink }: { zone: string | undefined; kioskLink?: boolean }) {
  const words = text.value.now
  const lost = liveConnected.value === false
  const at = serverNow.value
  return (
    <div class="now-meta">
      <span class={lost ? 'pulse lost' : 'pulse'} title={lost ? words.reconnectingHelp : words.liveHelp}>
        {lost ? words.reconnecting : words.live}
      </span>
      <span>
        {zone === undefined ? '\u00a0' : `${when('full', at, zone)} · ${zone} (${zoneOffset(zone, at)})`}
      </span>
      {kioskLink === true ? <a href="/?kiosk">{words.kiosk}</a> : null}
    </div>
  )
}
