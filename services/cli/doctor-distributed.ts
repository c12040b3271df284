import { Kafka, logLevel } from 'kafkajs';
import type { z } from 'zod';
import { kafkaConnection, type clickhouseSection, type kafkaSection } from '#runtime';
import { openStore } from '#store';
import { defaultTopics } from '#transport';
import type { ReceiverConfiguration } from '../alerter/configuration.ts';
import { patiently, reasonOf, type Diagnosis, type Look } from './doctor-diagnosis.ts';

type Finding = Omit<Diagnosis, 'part'>;

const oldestClickHouse = [24, 8] as const;

/** Checks what `telltale probe`, `detector`, `alerter` and `review` need besides Telltale's own files. */
export function distributedLooks({
  kafka,
  clickhouse,
}: {
  kafka: z.output<typeof kafkaSection>;
  clickhouse: z.output<typeof clickhouseSection>;
}): Look[] {
  return [
    {
      part: 'Kafka',
      remedy: 'Start it (docker compose up kafka), or say where it is (TELLTALE_KAFKA_BROKERS).',
      look: () => patiently(lookAtKafka(kafka)),
    },
    {
      part: 'ClickHouse server',
      remedy: 'Start it (docker compose up clickhouse), or say where it is (CLICKHOUSE_URL).',
      look: () => patiently(lookAtClickHouse(clickhouse)),
    },
  ];
}

async function lookAtKafka(section: z.output<typeof kafkaSection>): Promise<Finding> {
  const admin = new Kafka({
    ...kafkaConnection(section, 'telltale-doctor'), connectionTimeout: 3_000, logLevel: logLevel.NOTHING, retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    const existing = await admin.listTopics();
    const wanted = defaultTopics.map(({ topic }) => topic);
    const lacking = wanted.filter((topic) => !existing.includes(topic));
    const place = `${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'} at ${section.brokers.join(', ')}`;
    if (lacking.length > 0)
      return { mark: 'missing', found: `${place}; the topics ${lacking.join(', ')} are missing`, remedy: 'Run telltale migrate.' };
    const { topics } = await admin.fetchTopicMetadata({ topics: wanted });
    return { mark: 'ok', found: `${place}; ${topics.map(({ name, partitions }) => `${name} (${partitions.length})`).join(', ')}` };
  } catch (error) {
    const refused = (error as { code?: string }).code === 'ECONNREFUSED' || /ECONNREFUSED/.test((error as Error).message);
    throw new Error(`${section.brokers.join(', ')}: ${refused ? 'nothing listens there (connection refused)' : reasonOf(error)}`);
  } finally {
    await admin.disconnect();
  }
}

async function lookAtClickHouse({ url, database }: z.output<typeof clickhouseSection>): Promise<Finding> {
  const place = new URL(url).origin; // without the password
  try {
    await using store = await openStore({ url, database: 'default' });
    const [server] = await store.query<{ version: string }>('SELECT version() AS version');
    const { version } = server!;
    const [major, minor] = version.split('.').map(Number) as [number, number];
    if (major < oldestClickHouse[0] || (major === oldestClickHouse[0] && minor < oldestClickHouse[1])) {
      return {
        mark: 'missing',
        found: `${version} at ${place}`,
        remedy: `Telltale needs ${oldestClickHouse.join('.')} or later: upgrade the server.`,
      };
    }
    const tables = await store.query<{ name: string }>('SELECT name FROM system.tables WHERE database = {database:String}', { database });
    if (!tables.some(({ name }) => name === 'schema_migrations')) {
      return { mark: 'missing', found: `${version} at ${place}; database ${database} has no tables of Telltale`, remedy: 'Run telltale migrate.' };
    }
    return { mark: 'ok', found: `${version} at ${place}; database ${database}, ${tables.length} tables` };
  } catch (error) {
    const cause = (error as Error).cause as { message?: string } | undefined;
    throw new Error(`${place}: ${reasonOf(cause?.message ? cause : error)}`);
  }
}

/** Alertmanagers are asked whether they are ready; webhooks are sent only a HEAD request, and any answer will do. */
export function receiverLooks(receivers: readonly ReceiverConfiguration[]): Look[] {
  if (receivers.length === 0)
    return [{ part: 'receivers', look: async () => ({ mark: 'ok', found: 'none is configured (alerter.receivers), so that no alerts are sent' }) }];
  return receivers.map((receiver) => ({ part: `receiver ${receiver.name}`, look: () => lookAtReceiver(receiver) }));
}

async function lookAtReceiver({ type, url, name }: ReceiverConfiguration): Promise<Finding> {
  const { origin, username, password, href } = new URL(url); // only the origin of a webhook's URL is shown: the rest may contain a key
  const headers = username === '' ? {} : { authorization: `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}` };
  const address = new URL(type === 'alertmanager' ? `${href.replace(/\/$/, '')}/-/ready` : href);
  address.username = address.password = '';
  try {
    const answer = await fetch(address, {
      method: type === 'alertmanager' ? 'GET' : 'HEAD',
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(4_000),
    });
    if (type === 'webhook' || answer.ok) return { mark: 'ok', found: `${type} at ${origin} answers` };
    return {
      mark: 'warn',
      found: `${type} at ${origin} answers /-/ready with status ${answer.status}`,
      remedy: `Until it is ready, alerts for ${name} wait in the alerter's journal.`,
    };
  } catch (error) {
    return {
      mark: 'warn',
      found: `${type} at ${origin}: ${reasonOf(error)}`,
      remedy: `Start it, or correct alerter.receivers. Until then alerts for ${name} wait in the alerter's journal.`,
    };
  }
}
