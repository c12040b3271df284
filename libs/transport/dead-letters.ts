import { createHash } from 'node:crypto';
import { Partitioners, type Producer } from 'kafkajs';
import { TransportError } from './errors.ts';
import { createKafka, type KafkaConnection } from './kafka-client.ts';
import { refusalOf } from './refusal.ts';

/** A message or record that could not be processed: its origin and the reason, never its content. */
export interface DeadLetter {
  /** Stable code such as `unknown_version`. */
  readonly reason: string;
  readonly topic: string;
  readonly partition: number;
  /** Offset of the message; empty for a record that was never written. */
  readonly offset: string;
  /** Only its length and digest leave the process. Null for a record that was never written. */
  readonly payload: Buffer | null;
}

/** At some 250 bytes each, this is well below the request size that a topic accepts. */
const lettersPerRequest = 1_000;

/** Writes dead letters; connects when the first one is sent. */
export class DeadLetters {
  readonly #connection: KafkaConnection;
  readonly #topic: string;
  #producer: Producer | null = null;

  constructor(connection: KafkaConnection, topic: string) {
    this.#connection = connection;
    this.#topic = topic;
  }

  /** Resolves when the brokers have acknowledged all of them. */
  async send(letters: readonly DeadLetter[]): Promise<void> {
    try {
      await this.#send(letters);
    } catch (error) {
      const refusal = refusalOf(error, { connection: this.#connection, operation: 'WRITE', topic: this.#topic });
      throw refusal === null ? error : new TransportError('refused', refusal, { cause: error });
    }
  }

  async #send(letters: readonly DeadLetter[]): Promise<void> {
    this.#producer ??= createKafka(this.#connection).producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await this.#producer.connect();
    for (let from = 0; from < letters.length; from += lettersPerRequest) {
      const messages = letters.slice(from, from + lettersPerRequest).map((letter) => ({ value: null, headers: headersOf(letter) }));
      await this.#producer.send({ topic: this.#topic, acks: -1, messages });
    }
  }

  async close(): Promise<void> {
    await this.#producer?.disconnect();
  }
}

function headersOf({ reason, topic, partition, offset, payload }: DeadLetter): Record<string, string> {
  const origin = { 'reason': reason, 'source.topic': topic, 'source.partition': String(partition), 'source.offset': offset };
  if (payload === null) return origin;
  return { ...origin, bytes: String(payload.length), sha256: createHash('sha256').update(payload).digest('hex') };
}
