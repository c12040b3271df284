import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '#runtime';
import { fields, withoutTshark } from '../../libs/capture/testing/tshark.ts';
import { detect } from '../support/scan.ts';
import { Probed, readRows, type Row } from '../truth/rows.ts';

/**
 * Real captures that other projects publish, with values found in them by hand: TRUTH.tsv. They are not part of this project; where they
 * are absent, these tests are skipped.
 */
const captures = path.join(process.env['TELLTALE_SHARED'] ?? path.join(projectRoot, '..', 'shared'), 'captures');
const skip = existsSync(path.join(captures, 'TRUTH.tsv')) ? false
  : 'SKIPPED: no real captures; set TELLTALE_SHARED to the folder that holds captures/TRUTH.tsv';

const rows: readonly Row[] = skip === false ? readRows(captures) : [];
const probed = new Probed(captures);

/** The same as `node dist/test/truth/truth.js` prints. */
describe('TRUTH.tsv', { skip, timeout: 120_000 }, () => {
  for (const row of rows) {
    const name = `${row.file}#${row.frame} ${row.kind}`;
    if (row.expect === 'ignore') test(`${name}: no identifier`, async () => assert.equal(await probed.finds(row), false));
    else test(name, async () => assert.equal(await probed.finds(row), true));
  }

  test('recall is 0.98 at least', async () => {
    const report = rows.filter((row) => row.expect === 'report');
    let found = 0;
    for (const row of report) if (await probed.finds(row)) found++;
    assert.ok(found / report.length >= 0.98, `${found} of ${report.length}`);
  });
});

test('agora-sd-rtn.pcap: the relay mesh is seen, and its random bytes are no identifiers', { skip }, async () => {
  const { records, recognised } = await probed.of('ndpi/pcap/agora-sd-rtn.pcap');
  assert.deepEqual(recognised, []);
  const findings = await detect(records);
  assert.ok(records.some((record) => record['destination.domain'] === '23-248-186-179.edge.agora.io' && record['telltale.service'] === 'Agora'));
  assert.deepEqual(findings.filter((finding) => finding['telltale.observable.kind'] !== ''), []);
});

test('1kxun.pcap: scan --reveal names the ids of the phone with their packets', { skip }, async () => {
  const file = 'ndpi/pcap/1kxun.pcap';
  const { status, stdout } = await scan([path.join(captures, file), '--reveal', '--format', 'ndjson']);
  assert.equal(status, 0);
  const told = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const [kind, kindOfRow] of [
    ['android_id', 'device_id(android_id)'],
    ['advertising_id', 'advertising_id(aid/gaid)'],
    ['udid', 'device_id(udid/client-uid)'],
  ] as const) {
    const value = rows.find((row) => row.file === file && row.kind === kindOfRow)?.value;
    assert.ok(value, `TRUTH.tsv has a row of ${kindOfRow}`);
    const lines = told.filter((line) => line['telltale.observable.kind'] === kind && line['telltale.evidence.value'] === value);
    const frames = new Set(lines.map((line) => line['telltale.evidence.frame']));
    for (const row of rows) if (row.file === file && row.value === value) assert.ok(frames.has(row.frame), `${kind} in frame ${row.frame}`);
    if (withoutTshark()) continue;
    const holding = new Set(
      fields(path.join(captures, file), `frame contains "${value}"`, ['frame.number']).map((frame) => Number(frame['frame.number'])),
    );
    // A server also returns them in compressed responses, where a search for the text does not find them.
    const readable = lines
      .filter((line) => line['telltale.observable.encoding'] === undefined)
      .map((line) => line['telltale.evidence.frame'] as number);
    for (const frame of readable) assert.ok(holding.has(frame), `${kind} in frame ${frame}, where tshark does not find it`);
  }
});

test('all captures, the malformed ones too: the scan comes to its end in a small heap', { skip }, async () => {
  const { status, stdout, stderr } = await scan([captures, '--format', 'ndjson'], ['--max-old-space-size=256']);
  assert.equal(status, 2, 'some of them are cut; none of them may end the scan');
  assert.match(stderr, /^1,\d{3} inputs read: /m);
  assert.match(stderr, /^Not seen: /m);
  for (const line of stdout.split('\n').filter(Boolean)) JSON.parse(line);
  assert.doesNotMatch(stdout, /inferred_(?:user|room)_id/, 'in none of them does anything recur as an id does');
});

function scan(args: readonly string[], nodeOptions: readonly string[] = []): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...nodeOptions, path.join(projectRoot, 'dist', 'services', 'cli', 'main.js'), 'scan', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
}
