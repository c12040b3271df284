import { z } from 'zod';
import { levels } from '#flow';
import { duration, httpSection, interval, kafkaSection, logSection, shutdownSection, size } from '#runtime';

const receiverUrl = z.url({ protocol: /^https?$/, error: 'Expected an http or https URL' })
  .refine(hasReadableCredentials, { error: 'Expected user and password percent-encoded: % as %25, @ as %40' });

const common = {
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,39}$/, { error: 'Expected a-z, 0-9, _ and -, at most 40 of them' })
    .meta({ description: 'Name of the receiver, and label `receiver` of its metrics. Deliveries are remembered under this name.' }),
  minimumLevel: z.enum(levels).default('low').meta({ description: 'Lowest level that is sent.' }),
  timeout: interval('10s').meta({ description: 'How long one request may take.' }),
  queue: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .meta({ description: 'Most groups that may wait for this receiver. Beyond it, the oldest is dropped and counted.' }),
  bearerToken: z.string().regex(/^[\x21-\x7e]+$/, { error: 'Expected a token without spaces and line ends' }).exactOptional()
    .meta({ description: 'Sent as `Authorization: Bearer …`.', secret: true }),
};

const alertmanagerReceiver = z.strictObject({
  type: z.literal('alertmanager'),
  ...common,
  url: receiverUrl.meta({
    description: 'Base URL of a Prometheus Alertmanager, such as `http://alertmanager:9093`, with `user:password@` if required.',
  }),
  resendInterval: duration('1m').meta({ description: 'How often an active alert is sent again, since Alertmanager forgets alerts on restart.' }),
}).meta({ description: 'Prometheus Alertmanager, API v2.' });

const webhookReceiver = z.strictObject({
  type: z.literal('webhook'),
  ...common,
  url: receiverUrl.meta({
    description: 'URL to which alerts are posted as JSON. The whole URL is secret, since many services put their key into it.', secret: true,
  }),
  signingKey: z.string().min(16).exactOptional().meta({
    description: 'Key of the HMAC-SHA-256 over `<seconds>.<body>`, sent as `x-telltale-signature: t=<seconds>,v1=<hex>`. Without it, nothing is '
      + 'signed.',
    secret: true,
  }),
}).meta({ description: 'Any HTTP endpoint.' });

export const receiverSchema = z.discriminatedUnion('type', [alertmanagerReceiver, webhookReceiver]);
export type ReceiverConfiguration = z.output<typeof receiverSchema>;

export const alerterSection = z.strictObject({
  receivers: z.array(receiverSchema)
    .refine((receivers) => new Set(receivers.map(({ name }) => name)).size === receivers.length, { error: 'Two receivers have the same name' })
    .prefault([])
    .meta({ description: 'Receivers of alerts.' }),
  state: z.string().min(1).default('.telltale/alerter')
    .meta({ description: 'Folder of the journal, from which undelivered alerts survive a restart. One alerter per folder.' }),
  groupWait: duration('10s').meta({ description: 'How long a new group collects findings before its first alert.' }),
  repeatInterval: duration('5m')
    .meta({ description: 'Minimum time between two alerts for one group to one receiver, unless its level, verdict or country changed.' }),
  quietPeriod: duration('30m').meta({ description: 'A group ends after this long without a finding, and its alert in Alertmanager resolves.' }),
  maxGroups: z.int().min(1).max(1_000_000).default(10_000)
    .meta({ description: 'Most groups held at a time. Beyond it, the oldest is evicted and counted, delivered ones first.' }),
  rememberedFindings: z.int().min(0).max(10_000_000).default(20_000)
    .meta({ description: 'How many of the latest findings are remembered by id, so that one read twice counts once.' }),
  journalSize: size('16MiB')
    .meta({ description: 'The journal is compacted when it reaches both this size and twice the size of its live content.' }),
  reviewUrl: z.url({ protocol: /^https?$/, error: 'Expected an http or https URL' }).exactOptional()
    .meta({ description: 'Base URL of the review page; alerts link to it.' }),
}).prefault({}).meta({ description: 'Alerts.' });
export type AlerterConfiguration = z.output<typeof alerterSection>;

export const alerterSchema = z.strictObject({
  log: logSection,
  http: httpSection(9103),
  shutdown: shutdownSection,
  kafka: kafkaSection,
  alerter: alerterSection,
});

function hasReadableCredentials(url: string): boolean {
  const { username = '', password = '' } = URL.parse(url) ?? {};
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}
