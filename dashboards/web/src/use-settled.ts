import { useEffect, useState } from 'preact/hooks'

const settleMs = 250

/** What has been typed once the typing pauses: not every letter is a question to the server. */
export function useSettled(value: string): string {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settleMs)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
