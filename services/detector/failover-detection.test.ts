import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { FlowRecord } from '#flow';
import { ip, ipfix, set, template, u16, u32, u8 } from '../../libs/ingest/testing/export-datagrams.ts';
import { temporaryStore } from '../../libs/store/testing.ts';
import { runInProcess } from '../../test/support/pipeline-in-process.ts';
import { overlapMicros } from './detection-times.ts';
import { failoverDetection } from './failover-detection.ts';
import type { Query } from './scheduled-detections.ts';
import { day, hour, noon, runOnce, second, serviceFlow } from './scheduled-testing.ts';

const detection = failoverDetection({ intervalMillis: 1_000, learningMicros: 7 * day, versions: 'rules 1' });

const silent: Partial<FlowRecord> = {
  '@timestamp': noon + 6 * second,
  'destination.packets': 0,
  'destination.bytes': 0,
  'source.packets': 6,
  'telltale.unanswered.packets': 6,
  'telltale.unanswered.duration': 6 * second,
};
const beijing: Partial<FlowRecord> = {
  'destination.ip': '198.51.100.7',
  'telltale.peer.located': 'CN',
  'telltale.peer.operated': 'CN',
  'destination.as.number': 4808,
  'destination.as.organization.name': 'China Unicom',
};

/** The findings about these flows. */
async function told(...flows: FlowRecord[]) {
  await using temporary = await temporaryStore();
  await temporary.store.write(flows, []);
  return await runOnce(temporary.store, detection);
}

describe('failover', () => {
  test('a silent peer, and another in another country that answers', async () => {
    const [finding, ...more] = await told(serviceFlow(noon, silent), serviceFlow(noon + 8 * second, beijing));
    assert.deepEqual(more, []);
    assert.equal(
      finding!.message,
      '10.0.0.5 went over from 192.0.2.1:8801, US (AS30103 Zoom Video Communications, Inc), to 198.51.100.7:8801, CN (AS4808 China Unicom), ' +
        'for Zoom (media): the former fell silent at 2026-03-02T12:00:00Z, the latter answered from 2026-03-02T12:00:08Z on. ' +
        'berlin has not seen Zoom (media) for long enough to say whether CN is usual.',
    );
    assert.deepEqual(
      [
        finding!['event.severity_name'],
        finding!['telltale.verdict'],
        finding!['telltale.peer.located'],
        finding!['destination.ip'],
        finding!['@timestamp'],
      ],
      ['medium', 'violation', 'CN', '198.51.100.7', noon + 8 * second],
    );
  });

  test('a peer that answered, and fell silent then', async () => {
    const [finding] = await told(
      serviceFlow(noon - hour, { '@timestamp': noon + 6 * second, 'telltale.unanswered.packets': 9, 'telltale.unanswered.duration': 4 * second }),
      serviceFlow(noon + 5 * second, beijing),
    );
    assert.match(finding!.message, /fell silent at 2026-03-02T12:00:02Z, the latter answered from 2026-03-02T12:00:05Z/);
  });

  test('a peer that answered for days, and fell silent then', async () => {
    const flow = { '@timestamp': noon + 6 * second, 'telltale.unanswered.packets': 9, 'telltale.unanswered.duration': 4 * second };
    const [finding] = await told(serviceFlow(noon - 3 * day, flow), serviceFlow(noon + 5 * second, beijing));
    assert.match(finding!.message, /fell silent at 2026-03-02T12:00:02Z, the latter answered from 2026-03-02T12:00:05Z/);
  });

  test('of a month of flows, only the hours around the new ones are read', async () => {
    await using temporary = await temporaryStore();
    const { store } = temporary;
    await store.write(Array.from({ length: 30 * 24 }, (_, i) => serviceFlow(noon - (i + 1) * hour, { 'telltale.subject.ip': '10.0.0.5' })), []);
    const { now } = await store.detectionRuns();
    await store.write([serviceFlow(noon - 3 * day, { '@timestamp': noon }), serviceFlow(noon, silent), serviceFlow(noon + 8 * second, beijing)], []);
    const read: string[] = [];
    const explaining: Query = async (sql, parameters) => {
      read.push(...(await store.query<{ explain: string }>(`EXPLAIN indexes = 1 ${sql}`, parameters)).map(({ explain }) => explain));
      return store.query(sql, parameters);
    };
    let found = 0;
    for await (const batch of detection.detect(explaining, { since: now + overlapMicros, now: now + hour })) found += batch.length;
    assert.equal(found, 1);
    const hours = [...read.join('\n').matchAll(/toStartOfHour\(event_start\) in (\d+)-element set/g)].map(([, count]) => Number(count));
    assert.ok(hours.length > 0 && hours.every((count) => count <= 6), `${hours.join(', ')} hours`);
  });

  test('a refused handshake', async () => {
    const refusal = {
      'network.transport': 'tcp',
      'source.packets': 1,
      'destination.packets': 1,
      'destination.bytes': 40,
      'telltale.flow.end_reason': 'rst',
    };
    const [finding] = await told(serviceFlow(noon, refusal), serviceFlow(noon + second / 10, beijing));
    assert.match(finding!.message, /the former refused at 2026-03-02T12:00:00Z/);
    assert.deepEqual(
      await told(serviceFlow(noon, { ...refusal, 'telltale.handshake.rtt': 9_000 }), serviceFlow(noon + second, beijing)),
      [],
      'a connection that ended by a reset was none',
    );
  });

  test('logs and flow exports: a refusal that they name, silence in one direction', async () => {
    const logged = { 'network.transport': 'tcp', 'telltale.evidence.frame': 0 };
    const refusal = { ...logged, 'source.packets': 1, 'destination.packets': 1, 'destination.bytes': 40, 'telltale.flow.end_reason': 'refused' };
    const [refused] = await told(serviceFlow(noon, refusal), serviceFlow(noon + second / 10, { ...beijing, ...logged }));
    assert.match(refused!.message, /the former refused at 2026-03-02T12:00:00Z/);
    assert.deepEqual(
      await told(serviceFlow(noon, { ...refusal, 'telltale.flow.end_reason': 'rst' }), serviceFlow(noon + second / 10, { ...beijing, ...logged })),
      [],
      'a log has no round trip: its resets end connections',
    );

    const oneWay = {
      'telltale.evidence.frame': 0,
      '@timestamp': noon + 6 * second,
      'source.packets': 40,
      'destination.packets': 0,
      'destination.bytes': 0,
    };
    const [silence, ...more] = await told(serviceFlow(noon, oneWay), serviceFlow(noon + 8 * second, { ...beijing, 'telltale.evidence.frame': 0 }));
    assert.deepEqual(more, []);
    assert.match(silence!.message, /the former fell silent at 2026-03-02T12:00:00Z, the latter answered from 2026-03-02T12:00:08Z on/);

    const back = {
      ...serviceFlow(noon, {
        ...oneWay, 'telltale.flow.sequence': 1, 'source.packets': 0, 'destination.packets': 38, 'destination.bytes': 9000,
      }),
      'event.id': 'back',
    };
    assert.deepEqual(
      await told(serviceFlow(noon, oneWay), back, serviceFlow(noon + 8 * second, { ...beijing, 'telltale.evidence.frame': 0 })),
      [],
      'the other direction has a record of its own',
    );
    assert.deepEqual(
      await told(serviceFlow(noon, { ...oneWay, 'telltale.sampling.rate': 100 }), serviceFlow(noon + 8 * second, {
        ...beijing, 'telltale.evidence.frame': 0,
      })),
      [],
      'sampled: the answer may have been left out',
    );
    assert.deepEqual(
      await told(serviceFlow(noon, oneWay), serviceFlow(noon + 8 * second, {
        ...beijing, 'telltale.evidence.frame': 0, 'destination.packets': 0,
      })),
      [],
      'a source that never tells answers',
    );
  });

  test('the return is told, within an hour', async () => {
    const findings = await told(serviceFlow(noon, silent), serviceFlow(noon + 8 * second, beijing), serviceFlow(noon + 600 * second));
    assert.deepEqual(findings.map((finding) => finding['event.severity_name']), ['medium', 'informational']);
    assert.match(findings[0]!.message, /, until 2026-03-02T12:10:00Z\./);
    assert.equal(findings[1]!.message, '10.0.0.5 is back at US (AS30103 Zoom Video Communications, Inc) for Zoom (media) since 2026-03-02T12:10:00Z, '
      + 'after CN (AS4808 China Unicom) since 2026-03-02T12:00:08Z.');
    assert.equal((await told(serviceFlow(noon, silent), serviceFlow(noon + 8 * second, beijing), serviceFlow(noon + 2 * hour))).length, 1);
  });

  test('none: many asked at once, a retry, another peer at the same place, too late, another service, another subject', async () => {
    assert.deepEqual(await told(serviceFlow(noon, silent), serviceFlow(noon + second / 5, beijing)), []);
    assert.deepEqual(
      await told(serviceFlow(noon, silent), serviceFlow(noon + 7 * second), serviceFlow(noon + 8 * second, beijing)),
      [],
      'the same peer answered again before',
    );
    assert.deepEqual(await told(serviceFlow(noon, silent), serviceFlow(noon + 8 * second, { 'destination.ip': '192.0.2.2' })), []);
    assert.deepEqual(await told(serviceFlow(noon, silent), serviceFlow(noon + 120 * second, beijing)), []);
    assert.deepEqual(await told(serviceFlow(noon, silent), serviceFlow(noon + 8 * second, { ...beijing, 'telltale.service': 'Webex' })), []);
    assert.deepEqual(await told(serviceFlow(noon, silent), serviceFlow(noon + 8 * second, { ...beijing, 'telltale.subject.ip': '10.0.0.6' })), []);
    assert.deepEqual(
      await told(serviceFlow(noon, silent), serviceFlow(noon + 8 * second, { ...beijing, 'destination.packets': 0 })),
      [],
      'nobody answered',
    );
  });

  test('the baseline says whether the place is new', async () => {
    const usual = Array.from({ length: 10 }, (_, i) => serviceFlow(noon - (i + 1) * day));
    const [unknown] = await told(...usual, serviceFlow(noon, silent), serviceFlow(noon + 8 * second, beijing));
    assert.match(unknown!.message, /berlin had seen Zoom \(media\) since 2026-02-20, and never in CN\.$/);
    assert.equal(unknown!['event.severity_name'], 'high');
    const [known] = await told(...usual, serviceFlow(noon - 3 * day, beijing), serviceFlow(noon, silent), serviceFlow(noon + 8 * second, beijing));
    assert.match(known!.message, /CN is usual for Zoom \(media\) at berlin\.$/);
    assert.equal(known!['event.severity_name'], 'medium');
  });

  test('ids are functions of the flows: a second run finds the same', async () => {
    await using temporary = await temporaryStore();
    await temporary.store.write([serviceFlow(noon, silent), serviceFlow(noon + 8 * second, beijing)], []);
    const ids = (await runOnce(temporary.store, detection)).map((finding) => finding['event.id']);
    await temporary.store.write([serviceFlow(noon + 20 * second)], []);
    assert.deepEqual((await runOnce(temporary.store, detection)).map((finding) => finding['event.id']).slice(0, 1), ids);
  });
});

/** The media server in the United States that stops responding, and the one in mainland China that replaces it five seconds later. */
const [primary, secondary] = ['144.195.10.10', '221.122.63.10'];
const began = noon / second;

const sources: Record<string, Buffer> = {
  'conn.log': Buffer.from(
    [[primary, 0, 6, 0, 'S0'], [secondary, 8, 20, 40, 'SF']].map(
      ([peer, after, duration, answers, state], i) => JSON.stringify({
        _path: 'conn', ts: began + Number(after), uid: `C${i}`, 'id.orig_h': '10.0.0.5', 'id.orig_p': 40_000 + i, 'id.resp_h': peer,
        'id.resp_p': 8801, proto: 'udp', duration, conn_state: state, orig_pkts: 40, orig_ip_bytes: 4000, resp_pkts: answers,
        resp_ip_bytes: Number(answers) * 100,
      }),
    ).join('\n'),
  ),
  'eve.json': Buffer.from([[primary, 0, 6, 0], [secondary, 8, 28, 40]].map(([peer, from, to, answers], i) => JSON.stringify({
    timestamp: new Date((began + Number(to)) * 1000).toISOString(), flow_id: i + 1, event_type: 'flow', src_ip: '10.0.0.5',
    src_port: 40_000 + i, dest_ip: peer, dest_port: 8801, proto: 'UDP',
    flow: {
      pkts_toserver: 40, bytes_toserver: 4000, pkts_toclient: answers, bytes_toclient: Number(answers) * 100,
      start: new Date((began + Number(from)) * 1000).toISOString(), end: new Date((began + Number(to)) * 1000).toISOString(),
      state: answers === 0 ? 'new' : 'established', reason: 'timeout',
    },
  })).join('\n')),
  'export.ipfix': ipfix(0, 1,
    set(2, template(256, [8, 4], [12, 4], [7, 2], [11, 2], [4, 1], [1, 4], [2, 4], [152, 8], [153, 8])),
    set(256, ...([
      ['10.0.0.5', primary, 40_000, 8801, 0, 6], ['10.0.0.5', secondary, 40_001, 8801, 8, 28], [secondary, '10.0.0.5', 8801, 40_001, 8, 28],
    ] as const).map(([from, to, fromPort, toPort, start, end]) => Buffer.concat([
      ip(from), ip(to), u16(fromPort, toPort), u8(17), u32(4000, 40), milliseconds(began + start), milliseconds(began + end),
    ])))),
};

function milliseconds(seconds: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(seconds * 1000));
  return bytes;
}

for (const [name, content] of Object.entries(sources)) {
  test(`from ${name}: read, attributed by the published ranges, and told`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'telltale-failover-'));
    try {
      await writeFile(join(folder, name), content);
      const { records } = await runInProcess(join(folder, name), { tokenKey: Buffer.alloc(32, 1), observer: 'lab' });
      const [finding, ...more] = await told(...records.values());
      assert.deepEqual(more, []);
      assert.match(finding!.message, / Policy conferencing version 2 denies it \(located=CN, operated=CN\)\.$/);
      assert.match(
        finding!.message,
        /^10\.0\.0\.5 went over from 144\.195\.10\.10:8801, US by dbip-city 20\S+ \(AS30103 .*\), to 221\.122\.63\.10:8801, CN by dbip-city 20\S+ .* for Zoom \(media\): the former fell silent at 2026-03-02T12:00:00Z, the latter answered from 2026-03-02T12:00:08Z on\./,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

const captures = join(process.env['TELLTALE_SHARED'] ?? '../shared', 'captures/ndpi/pcap');
const skip = existsSync(captures) ? false : `NO CAPTURES IN ${captures}: failover was not tested on real traffic`;

async function toldOf(capture: string) {
  const { records } = await runInProcess(join(captures, capture), { tokenKey: Buffer.alloc(32, 1), observer: 'lab' });
  await using temporary = await temporaryStore();
  await temporary.store.write([...records.values()], []);
  return await runOnce(temporary.store, detection);
}

test('Agora edges that fall silent, and others elsewhere that answer', { skip }, async () => {
  const findings = await toldOf('agora-sd-rtn.pcap');
  assert.deepEqual(findings.map((finding) => finding['telltale.peer.located']), ['JP', 'US']);
  assert.match(findings[0]!.message, /, HK by dbip-city 20\S+ \(AS21859 .* for Agora \(media\): the former fell silent/);
});

test('a call that asks many relays and keeps one is no failover', { skip }, async () => {
  assert.deepEqual(await toldOf('stun_wa_call.pcapng'), []);
});
