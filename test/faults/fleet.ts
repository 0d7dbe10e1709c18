/** How a simulated plug speaks in the fault suite; maxGap of its instrument is three samples. */
export const sampleMs = 30_000
export const maxGapMs = 3 * sampleMs
export const pageMs = 300_000
/** The network's clock runs so much faster than the machine's: a resend after 60 s comes after 0.3 s. */
export const netSpeed = 200
