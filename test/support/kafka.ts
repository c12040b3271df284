/**
 * A real Kafka for tests, found in this order:
 * 1. `TELLTALE_TEST_KAFKA`: brokers that are already running, `host:port,host:port`;
 * 2. a container, when a Docker engine answers;
 * 3. Apache Kafka from Maven Central on the local Java (17 or newer), fetched once by the local `mvn`, kept in the cache folder.
 */
import { dockerAnswers } from './docker.ts';
import { findJavaAndMaven, startLocalKafka } from './kafka-local.ts';

/** Kafka 4 in a container. */
const image = 'confluentinc/cp-kafka:8.0.0';

export interface TestKafka extends AsyncDisposable {
  readonly brokers: string[];
  /** Kills the broker, and starts it again with the same data and address; null where the broker is not ours to stop. */
  readonly outage: { kill(): Promise<void>; start(): Promise<void> } | null;
  /** Folder of the log segments; null where it is not on this machine. */
  readonly dataFolder: string | null;
}

/** Starts a broker. Where that is not possible it says so on stderr and returns null, or throws when `CI` is `true`, since it must run there. */
export async function startKafka(): Promise<TestKafka | null> {
  const external = process.env['TELLTALE_TEST_KAFKA'];
  if (external) return { brokers: external.split(','), outage: null, dataFolder: null, [Symbol.asyncDispose]: async () => undefined };
  if (await dockerAnswers()) return startContainer();
  const missing = await findJavaAndMaven();
  if (missing === null) return startLocalKafka();

  const message = `no Kafka for the tests: TELLTALE_TEST_KAFKA is not set, no Docker engine answers, and ${missing}`;
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`\n!!! SKIPPED: ${message}\n\n`);
  return null;
}

async function startContainer(): Promise<TestKafka> {
  const { KafkaContainer } = await import('@testcontainers/kafka');
  const container = await new KafkaContainer(image).withKraft().start();
  return {
    brokers: [`${container.getHost()}:${container.getMappedPort(9093)}`],
    outage: null,
    dataFolder: null,
    [Symbol.asyncDispose]: async () => {
      await container.stop();
    },
  };
}
