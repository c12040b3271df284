import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { CaptureCounters, CaptureReader, PacketView } from '#capture';
import type { Finding } from '#flow';
import { projectRoot } from '#runtime';
import { fields, withFile, withoutTshark } from '../../libs/capture/testing/tshark.ts';
import { findingLine } from '../../services/cli/ndjson.ts';
import { detect, probeCapture, type Probed } from '../support/scan.ts';
import type { Case, Told } from './case.ts';

/** Rewrites expected.ndjson of every case. The stories stay: they are written by hand. */
const update = process.env['TELLTALE_UPDATE_CASES'] === '1';

const folder = path.join(projectRoot, 'test', 'cases');
const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);

const ajv = new Ajv2020({ strict: false, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/ } });
const isFinding = ajv.compile(JSON.parse(await readFile(path.join(projectRoot, 'docs', 'finding.schema.json'), 'utf8')));

for (const name of names) {
  describe(name, () => {
    let told: Case;
    let bytes: Buffer;
    let probed: Probed;
    let findings: Finding[];
    before(async () => {
      told = await import(`./${name}/capture.js`) as Case;
      bytes = told.capture();
      probed = probeCapture(bytes, `${name}.pcap`);
      findings = await detect(probed.records);
    });

    test('the findings are those that the story tells, and no others', () => {
      const value = new Map(probed.recognised.map((one) => [one.observable.token, one.value]));
      assert.deepEqual(findings.map((finding) => tellingOf(finding, value)).toSorted(byText), told.story.map(complete).toSorted(byText));
    });

    test('each identifier stands in the frame that is its evidence', () => {
      const frames = framesOf(bytes);
      for (const { frame, identifier } of told.story) {
        if (!identifier || !readable.has(identifier.encoding ?? '')) continue;
        // A value may have begun in an earlier segment: its end is what completes it.
        assert.ok(frames[frame - 1]!.includes(identifier.value.slice(-4)), `frame ${frame} does not hold the end of ${identifier.value}`);
      }
    });

    test('one value has one token', () => {
      const tokens = new Map<string, string>();
      for (const { observable, value } of probed.recognised) {
        assert.equal(tokens.get(value) ?? observable.token, observable.token);
        tokens.set(value, observable.token);
      }
      assert.equal(new Set(tokens.values()).size, new Set(tokens.keys()).size);
    });

    test('expected.ndjson', async () => {
      const file = path.join(folder, name, 'expected.ndjson');
      const lines = findings.map(goldenLine);
      for (const line of findings.map((finding) => findingLine(finding))) assert.ok(isFinding(JSON.parse(line)), ajv.errorsText(isFinding.errors));
      if (update) await writeFile(file, lines.map((line) => `${line}\n`).join(''));
      const expected = await readFile(file, 'utf8');
      assert.deepEqual(lines.map((line) => JSON.parse(line)), expected.split('\n').filter(Boolean).map((line) => JSON.parse(line)),
        'if the change is meant: TELLTALE_UPDATE_CASES=1 npm test dist/test/cases/cases.test.js, and read the difference');
    });

    test('building it again gives the same bytes', () => assert.deepEqual(told.capture(), bytes));

    test('tshark finds nothing malformed in it', { skip: withoutTshark() }, () => withFile(bytes, (file) => {
      assert.deepEqual(fields(file, '_ws.malformed', ['frame.number', 'frame.protocols']), []);
    }));
  });
}

/** Fields that change with the clock, or with edits of rules and tables that do not change what is found. */
const volatile = ['event.created', 'telltale.versions', 'rule.version'];

function goldenLine(finding: Finding): string {
  const line = JSON.parse(findingLine(finding)) as Record<string, unknown>;
  for (const name of volatile) {
    assert.ok(line[name], `${name} is missing`);
    delete line[name];
  }
  return JSON.stringify(line);
}

function tellingOf(finding: Finding, values: ReadonlyMap<string, string>): Required<Told> {
  return complete({
    rule: finding['rule.name'],
    frame: finding['telltale.evidence.frame'],
    from: finding['telltale.subject.ip'],
    country: finding['telltale.peer.located'],
    ...(finding['telltale.observable.kind'] !== '' && {
      identifier: {
        kind: finding['telltale.observable.kind'],
        value: values.get(finding['telltale.observable.token'])!,
        path: finding['telltale.observable.path'],
        encoding: finding['telltale.observable.encoding'],
      },
    }),
  });
}

function complete({ rule, frame, from, country, identifier }: Told): Required<Told> {
  return { rule, frame, from, country, identifier: { kind: '', value: '', path: '', encoding: '', ...identifier } };
}

function byText(a: object, b: object): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** Encodings that leave the value in the bytes as it is. */
const readable = new Set(['', 'length-prefixed']);

function framesOf(capture: Buffer): Buffer[] {
  const reader = new CaptureReader(new CaptureCounters());
  reader.push(capture);
  reader.finish();
  const view = new PacketView();
  const frames: Buffer[] = [];
  while (reader.next(view)) frames.push(Buffer.from(view.data));
  return frames;
}
