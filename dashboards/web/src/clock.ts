import { signal } from '@preact/signals'

let ahead = 0

/**
 * The server's time, ticking every second. A demonstration may play a day a minute, and a reader's clock may be
 * wrong: "since" is always measured on the clock that made the states.
 */
export const serverNow = signal(Date.now())

/** Sets the server's clock from an answer of it. */
export function setServerNow(now: number): void {
  ahead = now - Date.now()
  serverNow.value = now
}

/** Moves it on when an event says that it is already later there. */
export function atLeast(at: number): void {
  if (at > Date.now() + ahead + 1_500) setServerNow(at)
}

/** Ticks; and asks the server's time with `ask` now and each minute, as every view measures from it. */
export function startClock(ask: () => Promise<number | undefined>): void {
  const set = () =>
    void ask().then(
      (now) => (now === undefined ? undefined : setServerNow(now)),
      // The views say themselves that the server does not answer.
      () => undefined,
    )
  set()
  setInterval(set, 60_000)
  setInterval(() => {
    if (document.visibilityState === 'visible') serverNow.value = Date.now() + ahead
  }, 1_000)
}
