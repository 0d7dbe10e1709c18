import type { AskedReport } from './report-figures.ts'

/** What somebody who finds the folder should know first. */
export const bundleReadme = ({ scope, period, entries }: AskedReport, simulated: boolean): string =>
  `${simulated ? 'SIMULATED: figures of a demo, evidence of nothing.\n\n' : ''}Instrument hours of ${scope} in ${period} (${entries.length} instruments), with the evidence for them.

figures.csv    what is stated; statement.jws signs it and every other file here
gateways/      the signed pages that account for every second, one a line; beside them where each stands in the log
records/       the signed records that the figures rest on, without holes; #... = the digest of a record of others
logs/          checkpoints of the log, and one proof a year that all of the above stand in it
policy         whom the operator proposes to trust: bring your own instead
ruleset.json   the rules that the figures were made by

To check it, with no network and no database:   hours verify <this folder> --policy <your own policy>
The file formats, for a checker of your own:    docs/evidence.md of the project
`
