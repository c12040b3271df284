import { Kafka, logLevel, type KafkaConfig, type LogEntry } from 'kafkajs';
import { silentLogger, type TransportLogger } from './logger.ts';

/** The addresses of the brokers, and how to connect to them. */
export interface KafkaConnection extends Pick<KafkaConfig, 'ssl' | 'sasl'> {
  readonly brokers: string[];
  /** Name of this client in the logs and quotas of the brokers. */
  readonly clientId: string;
  readonly logger?: TransportLogger;
}

export function createKafka({ brokers, clientId, logger = silentLogger, ...security }: KafkaConnection): Kafka {
  return new Kafka({
    brokers,
    clientId,
    ...security,
    connectionTimeout: 5_000,
    // Few and short: sinks and sources have their own retries around these.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 2 },
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => forward(entry, logger),
  });
}

const levelNames = { [logLevel.ERROR]: 'error', [logLevel.WARN]: 'warn', [logLevel.INFO]: 'info', [logLevel.DEBUG]: 'debug' } as const;

/** Components whose errors are also reported, once and not per attempt, by sinks and sources. */
const echoes = /^(Connection|BrokerPool|Producer|Consumer|SaslAuthenticator-.*)$/;

/** Such messages of components that also log others. A source itself reports that it has joined its group, once it also reads. */
const echoedMessages: ReadonlySet<string> = new Set([
  'Consumer has joined the group', 'Error when calling eachBatch', 'consumer not running, exiting',
]);

/** Only these of the fields that kafkajs adds to a message are logged: others may contain parts of requests, and thus payload. */
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
