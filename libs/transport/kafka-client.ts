import { Kafka, logLevel, type KafkaConfig, type LogEntry } from 'kafkajs';
import { silentLogger, type TransportLogger } from './logger.ts';

/** Where the brokers are and how to speak to them. */
export interface KafkaConnection extends Pick<KafkaConfig, 'ssl' | 'sasl'> {
  readonly brokers: string[];
  /** Name under which the brokers' logs and quotas know this client. */
  readonly clientId: string;
  readonly logger?: TransportLogger;
}

export function createKafka({ brokers, clientId, logger = silentLogger, ...security }: KafkaConnection): Kafka {
  return new Kafka({
    brokers,
    clientId,
    ...security,
    connectionTimeout: 5_000,
    // Few and short: sinks and sources have retries of their own around these.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 2 },
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => forward(entry, logger),
  });
}

const levelNames = { [logLevel.ERROR]: 'error', [logLevel.WARN]: 'warn', [logLevel.INFO]: 'info', [logLevel.DEBUG]: 'debug' } as const;

/** What these meet is an error, or comes again, where sinks and sources tell it: once, and not for every attempt. */
const echoes = /^(Connection|BrokerPool|Producer|Consumer|SaslAuthenticator-.*)$/;

/** The same, of those that say other things as well; and a source tells that it is in its group when it also reads. */
const echoedMessages: ReadonlySet<string> = new Set(['Consumer has joined the group', 'Error when calling eachBatch', 'consumer not running, exiting']);

/** Of what kafkajs adds to a message only these pass: others may hold parts of requests, and with them payload. */
const safeFields = ['error', 'broker', 'clientId', 'groupId', 'memberId', 'topic', 'partition', 'offset', 'retryCount', 'retryTime'];

function forward({ namespace, level, log }: LogEntry, logger: TransportLogger): void {
  if (level === logLevel.NOTHING) return;
  const fields: Record<string, unknown> = { component: `kafkajs/${namespace}` };
  for (const name of safeFields) {
    const value: unknown = log[name];
    if (value !== undefined) fields[name] = value instanceof Error ? value.message : value;
  }
  const isTold = echoes.test(namespace) || echoedMessages.has(log.message);
  logger[isTold ? 'debug' : levelNames[level]](fields, log.message);
}
