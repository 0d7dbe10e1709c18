import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Waiting } from './notice.tsx'

/** A part that is fetched when it is first shown; `height` is kept free for it. */
export function lazily<P extends object>(
  loader: () => Promise<ComponentType<P>>,
  height: number,
): ComponentType<P> {
  let loaded: ComponentType<P> | undefined
  return function Lazy(props: P) {
    const [Part, setPart] = useState<ComponentType<P> | undefined>(() => loaded)
    useEffect(() => {
      if (loaded) return
      void loader().then((part) => {
        loaded = part
        setPart(() => part)
      })
    }, [])
    return Part ? <Part {...props} /> : <Waiting height={height} />
  }
}
