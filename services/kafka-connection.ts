import type { z } from 'zod';
import type { kafkaSection, Logger } from '#runtime';
import type { KafkaConnection } from '#transport';

/** The transport's connection, from the `kafka` section of a configuration. */
export function kafkaConnection({ brokers, tls, sasl }: z.output<typeof kafkaSection>, clientId: string, logger: Logger): KafkaConnection {
  return { brokers, clientId, logger, ssl: tls, ...(sasl && { sasl: sasl as NonNullable<KafkaConnection['sasl']> }) };
}
