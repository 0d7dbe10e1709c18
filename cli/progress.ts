/** A progress bar on stderr for long work; silent where stderr is no terminal, but for a line at the end. */
export interface Progress {
  /** `done` of `total` in any unit; `note` stands behind the bar, and is made only when it is shown. */
  update(done: number, total: number, note?: () => string): void
  end(note: string): void
}

export function createProgress(title: string): Progress {
  const terminal = process.stderr.isTTY
  const began = performance.now()
  let last = 0
  let quarter = 0
  return {
    update(done, total, note = () => '') {
      const now = performance.now()
      const share = total > 0 ? Math.min(1, done / total) : 1
      if (!terminal) {
        // Logs get four lines, not four hundred.
        if (share * 4 < quarter + 1) return
        quarter = Math.floor(share * 4)
        process.stderr.write(`${title}: ${Math.round(share * 100)} % ${note()}\n`)
        return
      }
      if (now - last < 100 && share < 1) return
      last = now
      const width = 28
      const full = Math.round(share * width)
      const rest = share > 0.02 ? ((now - began) / share) * (1 - share) : Number.NaN
      const eta = Number.isFinite(rest) ? ` ${Math.ceil(rest / 1_000)} s left` : ''
      process.stderr.write(
        `\r\x1b[K${title} ${'█'.repeat(full)}${'░'.repeat(width - full)} ${String(Math.round(share * 100)).padStart(3)} %${eta} ${note()}`,
      )
    },
    end(note) {
      const seconds = ((performance.now() - began) / 1_000).toFixed(1)
      process.stderr.write(`${terminal ? '\r\x1b[K' : ''}${title}: ${note} (${seconds} s)\n`)
    },
  }
}
