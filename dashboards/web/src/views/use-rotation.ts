import { useEffect, useState } from 'preact/hooks'

const everyMs = 15_000

/** Which page is on show, and the hands that move it. */
export interface Rotation {
  readonly page: number
  readonly isPaused: boolean
  readonly turn: (by: number) => void
  readonly pause: () => void
}

/** Pages that take turns, 15 s each; arrow keys turn them, the space bar stops them. */
export function useRotation(pages: number): Rotation {
  const [page, setPage] = useState(0)
  const [isPaused, setIsPaused] = useState(false)
  // With fewer pages than before, the one on show may be gone.
  const shown = page < pages ? page : 0
  const turn = (by: number) => setPage((shown + by + pages) % Math.max(1, pages))
  const pause = () => setIsPaused(!isPaused)

  useEffect(() => {
    if (pages < 2 || isPaused) return undefined
    const timer = setTimeout(() => turn(1), everyMs)
    return () => clearTimeout(timer)
  }, [pages, isPaused, shown])

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key === 'ArrowRight') turn(1)
      else if (event.key === 'ArrowLeft') turn(-1)
      else if (event.key === ' ' && event.target === document.body) pause()
      else return
      event.preventDefault()
    }
    document.addEventListener('keydown', key)
    return () => document.removeEventListener('keydown', key)
  })
  return { page: shown, isPaused, turn, pause }
}
