import {
  configTopic,
  type GatewayId,
  ingestFilter,
  receiptTopic,
  type SiteId,
  topicRoot,
} from '@hours/protocol'

export interface AclOptions {
  /** User name of ingest. */
  readonly ingest: string
  /** The sites of that ingest; all of them when absent. */
  readonly sites?: readonly SiteId[]
  readonly readers?: readonly { readonly id: string; readonly sites: readonly SiteId[] }[]
  /** With them each gateway is tied to its site; without, one pattern stands for all. */
  readonly gateways?: readonly { readonly site: SiteId; readonly gateway: GatewayId }[]
}

const up = ['page', 'power', 'status', 'state/+']

/**
 * The rights of wire.md section 2 as Mosquitto's ACL file. `%u` is the user name, which with `use_identity_as_username
 * true` is the certificate's CN, the gateway id. A pattern cannot tie a gateway to its site: name the gateways, or let
 * ingest do it (it refuses a page whose site is not the enrolled one).
 */
export function mosquittoAcl(options: AclOptions): string {
  const { ingest, sites, readers = [], gateways } = options
  const served: readonly (SiteId | '+')[] = sites ?? ['+']
  return [
    '# Instrument Hours: rights for Mosquitto 2 (default deny).',
    '# mosquitto.conf to go with it:',
    '#   per_listener_settings false',
    '#   allow_anonymous false',
    '#   acl_file THIS FILE',
    '#   message_size_limit 65536',
    '#   max_qos 1',
    '#   persistence true',
    '#   autosave_interval 1            # its PUBACK comes from memory: gateways let go of a page on a receipt only',
    '#   max_queued_messages 0          # what ingest has not fetched yet is kept, not dropped',
    '#   listener 8883',
    '#   cafile, certfile, keyfile      # the CA that signs the gateways',
    '#   require_certificate true',
    '#   use_identity_as_username true  # user name = CN = gateway id',
    '#   use_username_as_clientid true  # nobody takes over the session of another',
    '',
    ...(gateways ? gateways.flatMap(named) : anyGateway),
    '',
    `user ${ingest}`,
    ...(sites ? sites.map((site) => ingestFilter(site)) : [ingestFilter()]).map(
      (filter) => `topic read ${filter}`,
    ),
    ...served.flatMap((site) =>
      ['receipt', 'config'].map((end) => `topic write ${topicRoot}/${site}/+/${end}`),
    ),
    '',
    ...readers.flatMap(({ id, sites: granted }) => [
      `user ${id}`,
      ...granted.flatMap((site) =>
        ['state/+', 'status'].map((end) => `topic read ${topicRoot}/${site}/+/${end}`),
      ),
      '',
    ]),
  ].join('\n')
}

const anyGateway = [
  ...up.map((end) => `pattern write ${topicRoot}/+/%u/${end}`),
  ...['receipt', 'config'].map((end) => `pattern read ${topicRoot}/+/%u/${end}`),
]

const named = ({ site, gateway }: { site: SiteId; gateway: GatewayId }) => [
  `user ${gateway}`,
  ...up.map((end) => `topic write ${topicRoot}/${site}/${gateway}/${end}`),
  ...[receiptTopic, configTopic].map((topic) => `topic read ${topic(site, gateway)}`),
  '',
]
