import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, cp, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import type { TestKafka } from './kafka.ts';

const kafkaVersion = '4.0.0';
const slf4jVersion = '1.7.36';
const oldestJava = 17;
/** Formatted storage carries the cluster's id, and is formatted once for all runs. */
const clusterId = 'dGVsbHRhbGUtdGVzdC1rZg';
const startTimeoutMillis = 60_000;

const cacheFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'telltale', `kafka-${kafkaVersion}`);
const jarFolder = join(cacheFolder, 'jars');
const formattedFolder = join(cacheFolder, 'formatted');
const run = promisify(execFile);

/** What is missing for a local Kafka, as part of a sentence; null when nothing is. */
export async function findJavaAndMaven(): Promise<string | null> {
  const version = await run('java', ['-version']).then(({ stderr }) => Number(/version "(\d+)/.exec(stderr)?.[1]), () => 0);
  if (!(version >= oldestJava)) return `there is no Java ${oldestJava} or newer`;
  if (await exists(jarFolder)) return null;
  return run('mvn', ['--version']).then(() => null, () => 'there is no mvn to fetch Apache Kafka with');
}

/** Users with their passwords, of whom the first may do everything and the others only what they are granted. */
export type Users = readonly (readonly [name: string, password: string])[];

/**
 * Starts a single KRaft node on free ports of the loopback interface, with its data in a folder that goes when it does.
 * With `users` it wants a login (SASL PLAIN), and has Kafka's own authorizer.
 */
export async function startLocalKafka(users?: Users): Promise<TestKafka> {
  await ensureJars();
  await ensureFormattedStorage();
  const folder = await mkdtemp(join(tmpdir(), 'telltale-kafka-'));
  await cp(formattedFolder, join(folder, 'data'), { recursive: true });
  const [port, controllerPort] = await freePorts(2) as [number, number];
  const properties = join(folder, 'server.properties');
  await writeFile(properties, serverProperties(join(folder, 'data'), port, controllerPort, users));

  const brokers = [`127.0.0.1:${port}`];
  let broker: ChildProcess;
  const start = async (): Promise<void> => {
    broker = await spawnBroker(folder, properties);
    await untilReady(brokers, broker, join(folder, 'kafka.log'), users?.[0]);
  };
  const kill = async (): Promise<void> => {
    if (broker.exitCode !== null) return;
    broker.stdin!.end('keep the data\n');
    await once(broker, 'exit');
  };
  await start();
  return {
    brokers,
    outage: { kill, start },
    dataFolder: join(folder, 'data'),
    [Symbol.asyncDispose]: async () => {
      await kill();
      await rm(folder, { recursive: true });
    },
  };
}

/** Fetches Kafka's jars. Several test processes may do this at the same time: each fetches into its own folder, and the first to finish wins. */
async function ensureJars(): Promise<void> {
  if (await exists(jarFolder)) return;
  process.stderr.write(`fetching Apache Kafka ${kafkaVersion} with mvn, once, into ${cacheFolder}\n`);
  const folder = join(cacheFolder, `fetch-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'pom.xml'), pom);
  const jars = join(folder, 'jars');
  await run('mvn', ['-B', '-q', '-f', folder, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`]);
  await moveUnlessThere(jars, jarFolder);
  await rm(folder, { recursive: true, force: true });
}

async function ensureFormattedStorage(): Promise<void> {
  if (await exists(formattedFolder)) return;
  const folder = join(cacheFolder, `format-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  const properties = join(folder, 'server.properties');
  await writeFile(properties, serverProperties(join(folder, 'data'), 1, 2));
  await run('java', [...javaOptions, 'kafka.tools.StorageTool', 'format', '--cluster-id', clusterId, '--config', properties]);
  await moveUnlessThere(join(folder, 'data'), formattedFolder);
  await rm(folder, { recursive: true, force: true });
}

async function moveUnlessThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch(async (error: unknown) => {
    if (!await exists(to)) throw error;
  });
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>telltale</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>${slf4jVersion}</version></dependency>
  </dependencies>
</project>
`;

/** Tuned for a fast start rather than fast operation; warnings go to the log file. */
const javaOptions = [
  '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', join(jarFolder, '*'),
];

function serverProperties(data: string, port: number, controllerPort: number, users?: Users): string {
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'listeners': `CLIENTS://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'listener.security.protocol.map': `CLIENTS:${users ? 'SASL_PLAINTEXT' : 'PLAINTEXT'},CONTROLLER:PLAINTEXT`,
    ...(users && guarded(users)),
    'inter.broker.listener.name': 'CLIENTS',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    'auto.create.topics.enable': false,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    // After an outage the controller takes the broker back only when its earlier session has ended.
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 500,
    // Groups of tests are small and come and go.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
  }).map(([key, value]) => `${key}=${value}\n`).join('');
}

function guarded(users: Users): Record<string, string> {
  const [[administrator, password]] = users as [Users[number]];
  const known = users.map(([name, secret]) => `user_${name}="${secret}"`).join(' ');
  return {
    'sasl.enabled.mechanisms': 'PLAIN',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'listener.name.clients.plain.sasl.jaas.config':
      `org.apache.kafka.common.security.plain.PlainLoginModule required username="${administrator}" password="${password}" ${known};`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:${administrator};User:ANONYMOUS`, // the latter is the controller
  };
}

/**
 * Runs the broker under a shell that kills it when told to (and keeps the data), or when its input ends (and then removes the data). Its
 * input ends when this process does, in whatever way, so that nothing outlives a test.
 */
async function spawnBroker(folder: string, properties: string): Promise<ChildProcess> {
  const log = await open(join(folder, 'kafka.log'), 'a');
  const script = `
    java "$@" < /dev/null & broker=$!
    read -r order
    kill -9 $broker
    wait $broker
    [ "$order" ] || rm -rf "$FOLDER"`;
  const shell = spawn('sh', ['-c', script, 'sh', ...javaOptions, 'kafka.Kafka', properties], {
    stdio: ['pipe', log.fd, log.fd],
    env: { ...process.env, FOLDER: folder },
  });
  await log.close();
  return shell;
}

async function untilReady(brokers: string[], broker: ChildProcess, log: string, user?: Users[number]): Promise<void> {
  const deadline = Date.now() + startTimeoutMillis;
  const sasl = user && { sasl: { mechanism: 'plain', username: user[0], password: user[1] } as const };
  const admin = new Kafka({ brokers, clientId: 'test', logLevel: logLevel.NOTHING, retry: { retries: 0 }, ...sasl }).admin();
  for (;;) {
    try {
      await admin.connect();
      if ((await admin.describeCluster()).brokers.length > 0) return await admin.disconnect();
    } catch {
      await sleep(100);
    }
    if (Date.now() > deadline || broker.exitCode !== null) throw new Error(`Kafka does not start:\n${await readFile(log, 'utf8')}`);
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
