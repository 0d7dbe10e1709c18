// Checks the report in a folder as `hours verify` does; a process of its own, so that time and memory are the verifier's.
import { verifyApart } from '../cli/verify-apart.ts'
import { processUsage } from './figure.ts'

const began = performance.now()
const answer = await verifyApart({ report: process.argv[2] ?? '' }, () => undefined)
if (!('report' in answer)) throw new Error(JSON.stringify(answer))
const { ok, problems, counts } = answer.report
const seconds = (performance.now() - began) / 1_000
const { peakMb, cpuSeconds } = processUsage(process.pid)
console.log(
  JSON.stringify({ ok, seconds, cpuSeconds, peakMb, cells: counts.cells, problems: problems.slice(0, 3) }),
)
