/** Room borders (house.md, section 1): each room may import only the rooms named here. */
const rooms = {
  protocol: [],
  usage: ['protocol'],
  sensing: ['protocol'],
  ledger: ['protocol'],
  verifier: ['protocol', 'usage', 'ledger'],
  gateway: ['protocol', 'sensing', 'ledger'],
  broker: ['protocol'],
  ingest: ['protocol', 'sensing', 'usage', 'ledger'],
  'dashboards/web': ['protocol', 'ledger'],
  'dashboards/grafana': ['protocol'],
  'firmware-sim': ['protocol'],
}
const all = Object.keys(rooms)

module.exports = {
  forbidden: [
    {
      // A cycle of types alone is none when the program runs, and says that two files share one idea.
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] } },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...all.map((room) => ({
      name: `border-${room}`,
      severity: 'error',
      from: { path: `^${room}/` },
      to: {
        path: all
          .filter((other) => other !== room && !rooms[room].includes(other))
          .map((other) => `^${other}/`),
      },
    })),
    {
      name: 'rooms-do-not-see-the-command-line',
      severity: 'error',
      from: { path: all.map((room) => `^${room}/`) },
      to: { path: '^(cli|hours\\.ts|test|bench)' },
    },
    {
      // A gateway is a small machine: the server's libraries, loaded by one import too many, cost it 40 MB.
      name: 'gateways-load-no-server',
      severity: 'error',
      from: { path: '^cli/gateway(-main)?\\.ts$' },
      to: { path: '^(ingest|broker|usage|verifier|dashboards|firmware-sim)/', reachable: true },
    },
    {
      name: 'pure-rooms-have-no-io',
      severity: 'error',
      from: { path: '^(usage|ledger|sensing|protocol)/src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|data)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}
