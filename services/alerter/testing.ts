import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFinding, createFlowRecord, type Finding } from '#flow';
import { Metrics, createLogger } from '#runtime';
import type { Alert } from './alert.ts';
import { Alerter } from './alerter.ts';
import { alerterSection } from './configuration.ts';

/** Helpers that several tests of the alerter share. */

export interface FindingSketch {
  readonly id: string;
  readonly subject?: string;
  readonly service?: string;
  readonly rule?: string;
  readonly level?: string;
  readonly verdict?: string;
  readonly country?: string;
  /** Wall clock, ms. */
  readonly created?: number;
}

export function sketchFinding({
  id,
  subject = '10.0.0.5',
  service = 'clubhouse',
  rule = 'r1',
  level = 'high',
  verdict = 'violation',
  country = 'CN',
  created = 0,
}: FindingSketch): Finding {
  const finding = createFinding(createFlowRecord());
  Object.assign(finding, {
    'event.id': id, '@timestamp': 1_613_000_000_000_000, 'event.created': created * 1000, 'rule.id': rule, 'rule.name': `Rule ${rule}`,
    'rule.version': 'abcd1234',
    'event.severity_name': level, 'telltale.verdict': verdict, 'telltale.subject.ip': subject, 'telltale.service': service,
    'telltale.peer.ip': '203.0.113.9',
    'telltale.peer.located': country, 'telltale.role': 'media', 'telltale.observable.kind': 'user_id', 'telltale.observable.mask': '12****89',
    'telltale.observable.token': 'tk1.00000000.AAAA', 'destination.domain': 'edge.example', 'message': `User id of ${subject} in clear`,
  } satisfies Partial<Finding>);
  return finding;
}

/** The alerter's section of the configuration, as written by a user. */
export type Settings = Record<string, unknown>;

export interface RunningAlerter extends AsyncDisposable {
  readonly alerter: Alerter;
  /** Value of one sample, such as `telltale_alerts_sent_total{receiver="hook"}`. */
  sample(name: string): Promise<number | undefined>;
  log(): string;
}

export async function startAlerter(settings: Settings): Promise<RunningAlerter> {
  const metrics = new Metrics({ process: false });
  const lines: string[] = [];
  const logger = createLogger({ name: 'alerter', destination: { write: (line: string) => lines.push(line) } });
  const alerter = new Alerter({ configuration: alerterSection.parse(settings), metrics, logger });
  await alerter.start();
  return {
    alerter,
    log: () => lines.join(''),
    async sample(name) {
      const line = (await metrics.scrape()).split('\n').find((candidate) => candidate.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length + 1));
    },
    [Symbol.asyncDispose]: () => alerter.stop(),
  };
}

/** The alerter as a separate process, so that it can be killed. It receives batches of findings as messages, and confirms each with one. */
export async function spawnAlerter(settings: Settings): Promise<ChildProcess> {
  const child = fork(import.meta.filename, [JSON.stringify(settings)], { execArgv: [], env: { PATH: process.env['PATH'] } });
  // A message to a process that was just killed; its exit shows the same.
  child.on('error', () => {});
  await once(child, 'message');
  return child;
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

if (process.argv[1] === import.meta.filename) {
  const { alerter } = await startAlerter(JSON.parse(process.argv[2] ?? '') as Settings);
  process.on('message', (findings: Finding[]) => void alerter.handle(findings).then(() => process.send?.('confirmed')));
  process.on('disconnect', () => process.exit(0));
  process.send?.('ready');
}

export interface Hook extends AsyncDisposable {
  readonly url: string;
  /** Requests in the order of arrival, whatever the response. */
  readonly requests: { headers: IncomingMessage['headers']; body: string; alerts: Alert[] }[];
  /** Alerts that were accepted (2xx). */
  readonly accepted: Alert[];
  /** Determines the next response; status 204 if absent. Returns nothing to leave the request without a response. */
  answer: ((request: { alerts: Alert[] }) => { status: number; headers?: Record<string, string>; body?: string } | undefined) | undefined;
  close(): Promise<void>;
}

/** An HTTP receiver on loopback. */
export async function openHook(port = 0): Promise<Hook> {
  const requests: Hook['requests'] = [];
  const accepted: Alert[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => { body += text; }).on('end', () => {
      const { alerts } = JSON.parse(body) as { alerts: Alert[] };
      requests.push({ headers: request.headers, body, alerts });
      const answer = hook.answer ? hook.answer({ alerts }) : { status: 204 };
      if (!answer) return;
      if (answer.status < 300) accepted.push(...alerts);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  const hook: Hook = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, requests, accepted, answer: undefined, close,
    [Symbol.asyncDispose]: close,
  };
  return hook;
}

/** Waits until `condition` holds; throws an error with `what` after a timeout. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, patienceMillis = 20_000): Promise<void> {
  const deadline = Date.now() + patienceMillis;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${patienceMillis} ms in vain: ${what}`);
    await sleep(20);
  }
}
