import { z } from 'zod';
import { interval } from './values.ts';

/**
 * Sections that several services share. A service's schema is a strict object of sections: these, and one with its own name.
 *
 * One file, or one environment, may configure all services: a section in this list that a service does not have is skipped;
 * any other section, or an unknown key within a section, is refused.
 */
export const sectionNames = [
  'log', 'http', 'shutdown', 'kafka', 'clickhouse', 'probe', 'detector', 'alerter', 'review', 'standalone', 'migrate',
] as const;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const logFormats = ['auto', 'json', 'text'] as const;

export const logSection = logSectionFrom('info');

/** A log section with its own defaults for level and format. */
export function logSectionFrom(level: (typeof logLevels)[number], format: (typeof logFormats)[number] = 'auto') {
  return z.strictObject({
    level: z.enum(logLevels).default(level).meta({ description: 'Lowest level that is logged.' }),
    format: z.enum(logFormats).default(format).meta({
      description: '`json`: one object per line. `text`: human-readable lines. `auto`: `text` if stderr is a terminal, else `json`.',
    }),
  }).prefault({}).meta({ description: 'Log, on stderr.' });
}

export function httpSection(port: number) {
  return z.strictObject({
    host: z.string().min(1).default('127.0.0.1').meta({ description: 'Address to listen on; `0.0.0.0` for all addresses, as containers need.' }),
    port: z.int().min(0).max(65535).default(port).meta({ description: 'Port to listen on; 0 picks any free port.' }),
  }).prefault({}).meta({ description: 'HTTP: health, readiness and metrics.' });
}

export const shutdownSection = z.strictObject({
  timeout: interval('20s').meta({ description: 'How long shutdown may take before the process exits with an error that names what hung.' }),
}).prefault({}).meta({ description: 'Shutdown.' });

export const kafkaSection = z.strictObject({
  brokers: z.array(z.string().regex(/^[^\s:]+:\d+$|^\[[0-9a-fA-F:]+\]:\d+$/, { error: 'Expected host:port' })).min(1).default(['127.0.0.1:9092'])
    .meta({ description: 'Bootstrap brokers, each `host:port`.' }),
  tls: z.boolean().default(false).meta({
    description: 'Connect with TLS, verified against the system\'s certificate authorities (`NODE_EXTRA_CA_CERTS` adds one).',
  }),
  sasl: z.strictObject({
    mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).default('scram-sha-512').meta({ description: 'SASL mechanism.' }),
    username: z.string().min(1).meta({ description: 'SASL user.' }),
    password: z.string().min(1).meta({ description: 'SASL password.', secret: true }),
  }).exactOptional().meta({ description: 'Authentication; none when absent.' }),
}).prefault({}).meta({ description: 'Kafka.' });

type KafkaSection = z.output<typeof kafkaSection>;
type Sasl = NonNullable<KafkaSection['sasl']>;
/** One type per mechanism, as kafkajs declares them. */
type SaslByMechanism = { [Mechanism in Sasl['mechanism']]: Sasl & { mechanism: Mechanism } }[Sasl['mechanism']];

/** The section in the form that kafkajs and #transport expect. */
export function kafkaConnection({ brokers, tls, sasl }: KafkaSection, clientId: string) {
  return { brokers, clientId, ssl: tls, ...(sasl ? { sasl: sasl as SaslByMechanism } : {}) };
}

export const clickhouseSection = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'Expected an http or https URL' }).default('http://127.0.0.1:8123').meta({
    description: 'URL of ClickHouse\'s HTTP interface, with `user:password@` if required.', variable: 'CLICKHOUSE_URL',
  }),
  database: z.string().regex(/^[A-Za-z_]\w*$/, { error: 'Expected a name of letters, digits and underscores' }).default('telltale')
    .meta({ description: 'Database that holds the tables.' }),
}).prefault({}).meta({ description: 'ClickHouse.' });
