import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFinding, createFlowRecord, type Finding } from '#flow';
import type { Alert } from './alert.ts';

/** Parts that several tests of the alerter share. */

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

export function sketchFinding({ id, subject = '10.0.0.5', service = 'clubhouse', rule = 'r1', level = 'high', verdict = 'violation', country = 'CN', created = 0 }: FindingSketch): Finding {
  const finding = createFinding(createFlowRecord());
  Object.assign(finding, {
    'event.id': id, '@timestamp': 1_613_000_000_000_000, 'event.created': created * 1000, 'rule.id': rule, 'rule.name': `Rule ${rule}`, 'rule.version': 'abcd1234',
    'event.severity_name': level, 'telltale.verdict': verdict, 'telltale.subject.ip': subject, 'telltale.service': service, 'telltale.peer.ip': '203.0.113.9',
    'telltale.peer.located': country, 'telltale.role': 'media', 'telltale.observable.kind': 'user_id', 'telltale.observable.mask': '12****89',
    'telltale.observable.token': 'tk1.00000000.AAAA', 'destination.domain': 'edge.example', 'message': `User id of ${subject} in clear`,
  } satisfies Partial<Finding>);
  return finding;
}

export interface Hook extends AsyncDisposable {
  readonly url: string;
  /** Requests in the order in which they came, whatever was answered. */
  readonly requests: { headers: IncomingMessage['headers']; body: string; alerts: Alert[] }[];
  /** Alerts that were accepted (2xx). */
  readonly accepted: Alert[];
  /** Decides what is answered next; status 204 when there is none. Gives nothing back to leave the request without an answer. */
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
  const hook: Hook = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, requests, accepted, answer: undefined, close, [Symbol.asyncDispose]: close };
  return hook;
}

/** Waits until `condition` holds; an error with `what` after the patience. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, patienceMillis = 20_000): Promise<void> {
  const deadline = Date.now() + patienceMillis;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${patienceMillis} ms in vain: ${what}`);
    await sleep(20);
  }
}
