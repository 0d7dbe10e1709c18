import { topicRoot } from '@hours/protocol'

/**
 * The rights of wire.md section 2 as Mosquitto's ACL file: `%u` is the user name, which with
 * `use_identity_as_username true` is the certificate's CN, the gateway id. Mosquitto cannot tie a gateway to its site;
 * ingest does (a page whose site is not the enrolled one is refused).
 */
export function mosquittoAcl(options: {
  readonly ingest: string
  readonly readers?: readonly string[]
}): string {
  const readers = options.readers ?? []
  return [
    '# Instrument Hours: rights for Mosquitto (default deny).',
    '# mosquitto.conf: per_listener_settings false, allow_anonymous false, acl_file THIS FILE,',
    '#   message_size_limit 65536, max_inflight_messages 32, persistence true, autosave_on_changes true,',
    '#   listener 8883 with cafile/certfile/keyfile, require_certificate true, use_identity_as_username true',
    '',
    ...['page', 'power', 'status', 'state/+'].map((end) => `pattern write ${topicRoot}/+/%u/${end}`),
    ...['receipt', 'config'].map((end) => `pattern read ${topicRoot}/+/%u/${end}`),
    '',
    `user ${options.ingest}`,
    ...['page', 'power', 'status', 'state/+'].map((end) => `topic read ${topicRoot}/+/+/${end}`),
    ...['receipt', 'config'].map((end) => `topic write ${topicRoot}/+/+/${end}`),
    '',
    ...readers.flatMap((reader) => [
      `user ${reader}`,
      `topic read ${topicRoot}/+/+/state/+`,
      `topic read ${topicRoot}/+/+/status`,
      '',
    ]),
  ].join('\n')
}
