import { afterEach } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** Cases of the hostile matrix that the test has played (test/closing-line.ts adds them up). */
    hostile?: number
  }
}

/**
 * For files of the hostile matrix: `count` is called for each case, a test that calls it never is one case. The run
 * ends with the sum over all files.
 */
export function hostileCases(): () => void {
  let cases = 0
  afterEach(({ task }) => {
    task.meta.hostile = Math.max(1, cases)
    cases = 0
  })
  return () => {
    cases += 1
  }
}
