// Checks the report in a folder as `hours verify` does; a process of its own, so that time and memory are the verifier's.
import { verifyReport } from '../cli/verify-report.ts'
import { processUsage } from './figure.ts'

const began = performance.now()
const { ok, problems, counts } = await verifyReport({ dir: process.argv[2] ?? '' }, () => undefined)
const seconds = (performance.now() - began) / 1_000
const { peakMb } = processUsage(process.pid)
console.log(JSON.stringify({ ok, seconds, peakMb, cells: counts.cells, problems: problems.slice(0, 3) }))
