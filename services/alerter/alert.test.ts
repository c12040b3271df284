import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alertOf } from './alert.ts';
import { addFinding, openGroup } from './grouping.ts';
import { sketchFinding, type FindingSketch } from './testing.ts';

const throttle = { groupWait: 10_000, repeatInterval: 300_000, quietPeriod: 1_800_000 };
const opened = Date.UTC(2026, 0, 1);

function groupOf(sketch: Partial<FindingSketch> = {}) {
  const finding = sketchFinding({ id: '1', created: opened - 2000, ...sketch });
  const group = openGroup(finding, opened);
  addFinding(group, finding, opened);
  return group;
}

test('begins when the probe read the packet, ends after the quiet period', () => {
  const { startsAt, endsAt } = alertOf(groupOf(), throttle, undefined, opened + 10_000);
  assert.deepEqual({ startsAt, endsAt }, { startsAt: '2025-12-31T23:59:58.000Z', endsAt: '2026-01-01T00:30:00.000Z' });
});

test('one that comes when its group is long quiet is still active for a while', () => {
  assert.equal(alertOf(groupOf(), throttle, undefined, opened + 86_400_000).endsAt, '2026-01-02T00:05:00.000Z');
});

test('a probe whose clock is ahead: it begins now, not after its end', () => {
  assert.equal(alertOf(groupOf({ created: opened + 86_400_000_000 }), throttle, undefined, opened).startsAt, '2026-01-01T00:00:00.000Z');
});

test('a source without a clock of its own: it begins when the finding arrived', () => {
  assert.equal(alertOf(groupOf({ created: 0 }), throttle, undefined, opened + 5000).startsAt, '2026-01-01T00:00:00.000Z');
});

test('links to the review page where there is one', () => {
  assert.equal(
    alertOf(groupOf({ subject: 'fd00::1' }), throttle, 'https://telltale.example/review', opened).generatorURL,
    'https://telltale.example/review#subject=fd00%3A%3A1&rule=r1',
  );
  assert.equal(alertOf(groupOf({ subject: '' }), throttle, 'https://telltale.example', opened).generatorURL, 'https://telltale.example/#rule=r1');
  assert.equal(alertOf(groupOf(), throttle, undefined, opened).generatorURL, '');
});

test('what comes from the traffic makes no link, mention or line of its own where the alert is read', () => {
  const hostile = '<!channel> <https://attacker.example|Open> [here](https://attacker.example) `x`\r\nnext\u202egnp\ud83d';
  const finding = {
    ...sketchFinding({ id: '1' }), 'message': `10.0.0.5 contacted ${hostile}`, 'destination.domain': hostile,
    'telltale.observable.mask': '<***>',
  };
  const group = openGroup(finding, opened);
  addFinding(group, finding, opened);
  const { annotations } = alertOf(group, throttle, 'https://telltale.example', opened);
  const shown = '‹!channel› ‹https://attacker.example|Open› [here] (https://attacker.example) \'x\'\ufffd\ufffdnext\ufffdgnp\ufffd';
  assert.equal(annotations['description'], `10.0.0.5 contacted ${shown}`);
  assert.equal(annotations['destinations'], shown);
  assert.equal(annotations['identifiers'], 'user_id ‹***›');
  assert.equal(annotations['link'], 'https://telltale.example/#subject=10.0.0.5&rule=r1');
});
