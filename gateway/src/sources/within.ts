/** `work`, or a rejection after `ms`; `cancel` is called then. What `work` does later is nobody's concern. */
export async function within<T>(work: Promise<T>, ms: number, cancel?: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      cancel?.()
      reject(new Error(`no answer within ${ms} ms`))
    }, ms)
  })
  work.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
