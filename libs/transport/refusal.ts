import { innermostCause, TransportError } from './errors.ts';
import type { KafkaConnection } from './kafka-client.ts';

/** How a client uses Kafka, in the terms of its authorizer (https://kafka.apache.org/documentation/#operations_in_kafka). */
export interface Access {
  readonly connection: Pick<KafkaConnection, 'brokers' | 'sasl'>;
  readonly operation: 'READ' | 'WRITE' | 'CREATE and DESCRIBE';
  readonly topic: string;
  /** Consumer group to join. */
  readonly group?: string;
}

/** Error names of kafkajs and of the Kafka protocol. A client that is refused may be granted access later, so it need not be restarted. */
const login = 'KafkaJSSASLAuthenticationError', noCoordinator = 'KafkaJSGroupCoordinatorNotFound';
const topicDenied = 'TOPIC_AUTHORIZATION_FAILED', groupDenied = 'GROUP_AUTHORIZATION_FAILED';
const refusals: ReadonlySet<string> = new Set([login, noCoordinator, topicDenied, groupDenied, 'CLUSTER_AUTHORIZATION_FAILED']);

/** Whether Kafka rejected a login, or denied a permission. */
export function isRefusal(error: unknown): boolean {
  return refusals.has(kindOf(error));
}

/** What Kafka refuses and the remedy, in a sentence; null if the error is not a refusal. */
export function refusalOf(error: unknown, { connection: { brokers, sasl }, operation, topic, group }: Access): string | null {
  if (!isRefusal(error)) return null;
  if (error instanceof TransportError) return error.message;
  const kafka = `Kafka at ${brokers.join(', ')}`;
  const user = sasl !== undefined && 'username' in sasl ? `user ${sasl.username}` : 'this client';
  switch (kindOf(error)) {
    case login:
      return `${kafka} refuses the login of ${user}: ${innermostCause(error).message}. Check kafka.sasl`;
    case groupDenied:
      return `${kafka} refuses ${user} the group ${group}: grant READ on it`;
    case noCoordinator: // kafkajs does not expose the reason
      return `${kafka} names no coordinator of the group ${group}: ${user} needs READ on it, or Kafka is still starting`;
    default:
      return `${kafka} refuses ${user} the topic ${topic}: grant ${operation} on it`;
  }
}

function kindOf(error: unknown): string {
  const { name, type } = innermostCause(error) as Error & { type?: string };
  return refusals.has(name) ? name : type ?? '';
}
