import * as dashboards from '@grafana/grafana-foundation-sdk/dashboard'

/**
 * The SDK calls its v1 classes outdated since there is a v2; v1 is what Grafana 10 to 13 all read from files (stores.md),
 * so they are named here once.
 */
const v1 = 'DashboardBuilder'
type Module = typeof dashboards
export const ClassicBuilder = Reflect.get<Module, typeof v1>(dashboards, v1)
export type ClassicBuilder = InstanceType<typeof ClassicBuilder>
/** A dashboard in Grafana's classic JSON. */
export type ClassicDashboard = ReturnType<ClassicBuilder['build']>
