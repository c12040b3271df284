import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createFinding, createFlowRecord, findingId, flowId, recordId, type Finding, type FlowRecord, type Observable } from '#flow';
import type { Store } from '#store';
import { ReviewModule } from './review.module.ts';

/** The review page for `store` on a free port of 127.0.0.1. Run from the project's folder. */
export async function serveReview(store: Store): Promise<AsyncDisposable & { url: string }> {
  const application = await NestFactory.create<NestFastifyApplication>(
    ReviewModule.over(store, { projectRoot: process.cwd() }),
    new FastifyAdapter(),
    { logger: ['error'] },
  );
  await application.listen(0, '127.0.0.1');
  const { port } = application.getHttpServer().address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => application.close() };
}

/** 2020-04-02T09:00:00Z in microseconds: when the invented stories begin. */
export const morning = Date.UTC(2020, 3, 2, 9) * 1000;

/** A flow of three records, the second of which has the evidence, and the finding about it. */
export interface Story {
  readonly records: FlowRecord[];
  readonly finding: Finding;
}

type Peer = 'located' | 'registered' | 'operated';

export interface StoryOptions {
  readonly index: number;
  readonly level: string;
  readonly rule: string;
  readonly message: string;
  readonly verdict?: string;
  readonly observable?: Partial<Observable>;
  readonly peer?: Partial<Record<Peer, string>>;
  readonly flow?: Partial<FlowRecord>;
}

/** An invented leak. Each `index` gives another flow, a few seconds after the previous one. */
export function story({ index, level, rule, message, verdict = 'violation', observable, peer = {}, flow = {} }: StoryOptions): Story {
  const start = morning + index * 37_123_457;
  const id = flowId('probe-1', `1:${index}`, start);
  const observables: Observable[] = observable === undefined ? [] : [{
    kind: 'user_id', path: 'url.query.uid', encoding: '', visibility: 'cleartext', confidence: 90, mask: '1********7',
    token: `tk1.9f3c01aa.${Buffer.from(`${observable.kind}${index % 7}`).toString('base64url').padEnd(22, 'A')}`, sender: 'source',
    frame: 104 + index * 40, watchlist: '', ...observable,
  }];
  const records = [0, 1, 2].map((sequence): FlowRecord => Object.assign(createFlowRecord(), {
    'event.id': recordId(id, sequence),
    'telltale.flow.id': id,
    'telltale.flow.sequence': sequence,
    'telltale.flow.state': ['first', 'update', 'end'][sequence],
    'event.start': start,
    '@timestamp': start + [31_250, 412_007, 9_870_119][sequence]!,
    'observer.name': 'probe-1',
    'telltale.evidence.file': 'office-2020-04-02.pcap',
    'telltale.evidence.frame': 101 + index * 40 + sequence * 3,
    'source.ip': `10.20.0.${11 + index % 9}`,
    'source.port': 50_000 + index,
    'destination.ip': '203.0.113.40',
    'destination.port': 443,
    'network.type': 'ipv4',
    'network.transport': 'tcp',
    'network.protocol': 'http',
    'network.community_id': `1:${Buffer.from(`community ${index}`).toString('base64').padEnd(27, 'A')}=`,
    'source.bytes': [612, 1840, 20_412][sequence],
    'source.packets': [3, 4, 31][sequence],
    'destination.bytes': [480, 3920, 1_204_551][sequence],
    'destination.packets': [2, 5, 890][sequence],
    'telltale.handshake.rtt': sequence === 0 ? 182_400 : 0,
    'telltale.encryption.verdict': 'cleartext',
    'telltale.peer.located': peer.located ?? 'US',
    'telltale.peer.registered': peer.registered ?? peer.located ?? 'US',
    'telltale.peer.operated': peer.operated ?? peer.located ?? 'US',
    ...flow,
    ...(sequence === 1 ? { 'telltale.observables': observables } : { 'http.request.method': '', 'dns.question.name': '' }),
  }));
  for (const record of records) {
    record['telltale.subject.ip'] ||= record['source.ip'];
    record['telltale.peer.ip'] ||= record['destination.ip'];
  }
  const about = records[1]!;
  const [first] = observables;
  const finding = Object.assign(createFinding(about), {
    'event.id': findingId(rule, about['event.id'], first?.token ?? '', first?.path ?? ''),
    'rule.id': rule,
    'rule.name': rule,
    'rule.version': '5be7c2d1',
    'event.severity_name': level,
    'telltale.verdict': verdict,
    'telltale.versions': 'rules=7c1d0e2a policy=2020-04 geo=2020-04-01',
    message,
  }, first && {
    'telltale.observable.kind': first.kind,
    'telltale.observable.path': first.path,
    'telltale.observable.encoding': first.encoding,
    'telltale.observable.mask': first.mask,
    'telltale.observable.token': first.token,
    'telltale.observable.confidence': first.confidence,
  });
  return { records, finding };
}

/** A correlation's finding over `told`: one room of two subjects, without a record or flow of its own. */
export function overSeveral(told: Story, message: string): Story {
  const finding = Object.assign(createFinding(told.records[1]!), told.finding, {
    'event.id': 'c0ffee', 'rule.id': 'over several', 'rule.name': 'Over several', message, 'telltale.flow.id': '', 'telltale.record.id': '',
    'telltale.subject.ip': '', 'source.ip': '', 'source.port': 0, 'telltale.evidence.frame': 0, 'telltale.observable.path': '',
    'telltale.observable.confidence': 0,
  });
  return { records: [], finding };
}

/** The leaks of an office in one morning: a few kinds of findings, `count` in all. */
export function stories(count: number): Story[] {
  return Array.from({ length: count }, (_, index) => templates[(index * 7 + Math.floor(index / 5)) % templates.length]!(index));
}

const agora = {
  'network.transport': 'udp', 'network.protocol': 'sd-rtn', 'destination.port': 8130, 'destination.ip': '198.51.100.17',
  'telltale.service': 'agora', 'telltale.role': 'media', 'destination.as.number': 64_501,
  'destination.as.organization.name': 'Example Cloud Asia', 'telltale.encryption.reason': 'readable text in datagram',
};
const meeting = {
  'destination.domain': 'keys.meeting.example', 'telltale.service': 'meeting', 'telltale.role': 'key-management',
  'destination.as.number': 64_502, 'destination.as.organization.name': 'Example Backbone', 'network.protocol': 'tls',
  'tls.client.server_name': 'keys.meeting.example', 'telltale.encryption.verdict': 'encrypted', 'telltale.policy.id': 'na-meetings',
  'telltale.policy.verdict': 'denied', 'telltale.policy.reason': 'located=CN',
};
const graph = {
  'destination.domain': 'graph.social.example', 'url.domain': 'graph.social.example', 'url.path': '/v6.0/{device_id}/activities',
  'url.query': 'event=APP_LAUNCH&advertiser_id={advertising_id}', 'http.request.method': 'POST', 'telltale.service': 'social',
  'telltale.role': 'third-party', 'destination.as.number': 64_503, 'destination.as.organization.name': 'Example Social Inc.',
};

const templates: readonly ((index: number) => Story)[] = [
  (index) => story({
    index, level: 'high', rule: 'User id in clear',
    message: `User id 1********7 readable on the path to 198.51.100.17 (agora, CN), in UDP payload`,
    observable: { kind: 'user_id', path: 'udp.payload@12' }, peer: { located: 'CN', registered: 'US', operated: 'CN' }, flow: agora,
  }),
  (index) => story({
    index, level: 'critical', rule: 'User and room id in one flow',
    message: 'User id and room id readable in one flow to 198.51.100.17 (agora, CN): who is in which room can be seen on the path',
    observable: { kind: 'room_id', path: 'udp.payload@34', mask: 'M****4W' }, peer: { located: 'CN', registered: 'US', operated: 'CN' },
    flow: agora,
  }),
  (index) => story({
    index, level: 'high', rule: 'Service traffic to a denied country',
    message: 'Key management of meeting answered from keys.meeting.example, located in CN, which policy na-meetings denies',
    peer: { located: 'CN' }, flow: meeting,
  }),
  (index) => story({
    index, level: 'medium', rule: 'Advertising id in clear',
    message: 'Advertising id 3f****b1 readable in the request to graph.social.example',
    observable: { kind: 'advertising_id', path: 'url.query.advertiser_id', mask: '3f****b1', encoding: 'url' }, flow: graph,
  }),
  (index) => story({
    index, level: 'low', rule: 'Third-party analytics contacted',
    message: 'App start reported to graph.social.example, which is no part of the service', flow: graph,
  }),
  (index) => story({
    index, level: 'medium', rule: 'Unknown location', verdict: 'indeterminate',
    message: 'Location of 192.0.2.77 is unknown: whether policy eu-only allows it cannot be decided',
    peer: { located: '', registered: '', operated: '' },
    flow: {
      'destination.ip': '192.0.2.77', 'telltale.policy.id': 'eu-only', 'telltale.policy.verdict': 'unknown',
      'telltale.policy.reason': 'located unknown',
    },
  }),
  (index) => story({
    index, level: 'high', rule: 'Session token in clear', message: 'Session cookie ey****Qk readable in the request to portal.example.de',
    observable: { kind: 'session_token', path: 'http.request.header.cookie.sid', mask: 'ey****Qk', encoding: 'url>base64' },
    peer: { located: 'DE' },
    flow: {
      'destination.domain': 'portal.example.de', 'url.domain': 'portal.example.de', 'url.path': '/start', 'http.request.method': 'GET',
      'telltale.service': 'portal', 'telltale.role': 'signalling', 'destination.as.number': 64_510,
      'destination.as.organization.name': 'Beispiel Netz GmbH',
    },
  }),
  (index) => story({
    index, level: 'informational', rule: 'E-mail in DNS name',
    message: 'E-mail a****@example.org readable in the question for a-host.example.org',
    observable: { kind: 'email', path: 'dns.question.name', mask: 'a****@example.org' }, peer: { located: 'FR' },
    flow: {
      'network.transport': 'udp', 'destination.port': 53, 'network.protocol': 'dns', 'dns.question.name': '{email}.a-host.example.org',
      'dns.question.type': 'A', 'dns.resolved_ip': ['192.0.2.9'],
    },
  }),
];
