import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { createFlowRecord, flowFields, type FieldType, type FlowRecord, type Observable } from '#flow';
import { catalogue } from '#identifiers';
import { generator } from '../../test/support/random.ts';
import { loadDetection } from './packs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { integer } = generator(20_260_801);
const pick = <Value>(values: readonly Value[]): Value => values[integer(values.length)]!;
const listOf = <Value>(value: () => Value): Value[] => Array.from({ length: integer(4) }, value);

const texts = [
  '', '=', '|', '; ', '=1.2.3.4', 'a=b', 'turn-relay=8.8.8.8', 'sip-via=2001:db8::1', 'forwarded-client=::1', '10.0.0.1', '8.8.8.8', '999.1.1.1', '192.0.2.0/24',
  'zoom.us', 'graph.facebook.com', 'located=CN', 'located=unknown; turn', 'x@1 denied y', 'unobservable|', '"><script>', '\0', '\ud800', '__proto__', 'constructor',
  'sip', 'stun', 'http', 'tls', 'udp', 'tcp', 'source', 'destination', 'denied', 'unknown', 'first', 'end', '%', '\\', '(', '*',
];
const kinds = [...catalogue.map(({ name }) => name), 'constructor', '__proto__', 'no such kind'];

const observable = (): Observable => ({
  kind: pick(kinds), path: pick(texts), encoding: pick(texts), visibility: pick(['cleartext', 'inspected', '']) as Observable['visibility'], confidence: pick([0, 40, 1000]),
  mask: pick(texts), token: pick(['tk1.a.b', 'tk1.a.c', '']), sender: pick(['source', 'destination', '']) as Observable['sender'], frame: integer(3), watchlist: pick(['', 'w']),
});
const valueOf: Readonly<Record<FieldType, () => unknown>> = {
  string: () => pick(texts),
  strings: () => listOf(() => pick(texts)),
  count: () => pick([0, 1, 443, 2 ** 32, Number.MAX_SAFE_INTEGER]),
  micros: () => pick([0, 1, 1.7e15, Number.MAX_SAFE_INTEGER]),
  observables: () => listOf(observable),
};

function hostileRecord(): FlowRecord {
  const record: Record<string, unknown> = createFlowRecord();
  const filled = pick([5, 30, 80]);
  for (const [name, { type }] of Object.entries(flowFields)) if (integer(100) < filled) record[name] = valueOf[type]();
  record['telltale.flow.hops'] = listOf(() => pick(texts));
  return Object.assign(record as FlowRecord, {
    'source.ip': '10.0.0.1', 'telltale.subject.ip': '10.0.0.1', 'destination.ip': '8.8.8.8', 'telltale.peer.ip': '8.8.8.8', 'destination.domain': pick(texts),
  });
}

test('whatever stands in the fields of a record, it is judged', async () => {
  const { detection } = await loadDetection({ root, positions: new Map([['p', { latitude: 50, longitude: 8 }]]) });
  let findings = 0;
  for (let i = 0; i < 6_000; i++) findings += detection.detect([hostileRecord()]).length;
  assert.ok(findings > 1_000, `${findings} findings`);
});
