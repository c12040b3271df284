import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Finding, FlowRecord } from '#flow';
import { projectRoot } from '#runtime';
import { demonstrationCapture } from '../../services/probe/demonstration.ts';
import { detect, probeCapture, probeFile, type Probed } from '../support/scan.ts';
import type { Case } from './case.ts';

/*
 * The promise: a value that the recogniser saw is in no field of a record or finding of its flow, from the record that shows it on. A record
 * that was emitted before cannot know; nor can another flow, in which the same text may be no identifier.
 */

const folder = path.join(projectRoot, 'test', 'cases');
const cases = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);

describe('no raw value in a record or finding of a built capture', () => {
  for (const name of cases) {
    test(name, async () => assertNoRawValue(probeCapture((await import(`./${name}/capture.js`) as Case).capture())));
  }
  test('demonstration', () => assertNoRawValue(probeCapture(demonstrationCapture(1_775_217_600_000_000))));
});

const real = [
  'ndpi/pcap/1kxun.pcap', 'ndpi/pcap/xiaomi.pcap', 'ndpi/pcap/webex.pcap', 'ndpi/pcap/viber.pcap', 'ndpi/pcap/stun_zoom.pcapng',
  'ndpi/pcap/dropbox.pcap',
  'ndpi/pcap/imap.pcap', 'ndpi/pcap/pop3.pcap', 'ndpi/pcap/smtp.pcap', 'ndpi/pcap/http_auth.pcap', 'ndpi/pcap/sip.pcap',
  'ndpi/pcap/http_ua_splitted_in_two_pkts.pcapng',
  'zeek/Traces/smtp.pcap', 'zeek/Traces/websocket/jupyter-websocket.pcap', 'zeek/Traces/http/pipelined-requests.pcap',
  'suricata-verify/http-chunked/input.pcap',
];
const captures = path.join(process.env['TELLTALE_SHARED'] ?? path.join(projectRoot, '..', 'shared'), 'captures');
const skip = existsSync(captures) ? false : 'SKIPPED: no real captures; set TELLTALE_SHARED to the folder that holds captures/';

describe('no raw value in a record or finding of a real capture', { skip }, () => {
  for (const file of real) {
    test(file, async () =>
      assertNoRawValue(await probeFile({ path: path.join(captures, file), name: path.basename(file), size: 0, found: false }), true),
    );
  }
});

test('the search finds a value that does stand in a record', async () => {
  const probed = probeCapture(demonstrationCapture(1_775_217_600_000_000));
  const join = probed.records.find((record) => record['telltale.observables'].length > 0)!;
  join['url.path'] = `/x/${probed.recognised[0]!.value}`;
  await assert.rejects(assertNoRawValue(probed), /user_id stands in url\.path/);
});

/** Shorter values occur in other words by chance. */
const shortest = 4;

async function assertNoRawValue({ records, recognised }: Probed, mustRecognise = false): Promise<void> {
  if (mustRecognise) assert.ok(recognised.length > 0, 'nothing was recognised, so that nothing is shown');
  const spellings = new Map<string, { kind: string; values: Set<string> }>();
  for (const { observable, value, written } of recognised) {
    const known = spellings.get(observable.token) ?? { kind: observable.kind, values: new Set<string>() };
    for (const one of [value, ...written]) if (one.length >= shortest) known.values.add(one);
    spellings.set(observable.token, known);
  }
  const findings = await detect(records);
  const tokensOfFlow = new Map<string, Set<string>>();
  for (const record of records) {
    const tokens = tokensOfFlow.get(record['telltale.flow.id']) ?? new Set();
    tokensOfFlow.set(record['telltale.flow.id'], tokens);
    for (const { token } of record['telltale.observables']) tokens.add(token);
    for (const token of tokens) {
      search(record, spellings.get(token)!);
      for (const finding of findings) if (finding['telltale.record.id'] === record['event.id']) search(finding, spellings.get(token)!);
    }
  }
}

/** Fields whose values are Telltale's own words: a user may be called `user`. */
const ownWords = new Set(['telltale.flow.observable_kinds', 'telltale.observable.kind', 'rule.name', 'telltale.role', 'telltale.flow.state']);

function search(record: FlowRecord | Finding, { kind, values }: { kind: string; values: ReadonlySet<string> }): void {
  for (const [name, content] of Object.entries(record)) {
    if (ownWords.has(name)) continue;
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    for (const value of values) assert.ok(!text.includes(value), `${kind} stands in ${name}: ${text}`);
  }
}
