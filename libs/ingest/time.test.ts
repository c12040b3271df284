import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTime } from './time.ts';

test('times of logs', () => {
  assert.equal(parseTime('1700000000.250000'), 1_700_000_000_250_000);
  assert.equal(parseTime(1_700_000_000.25), 1_700_000_000_250_000);
  assert.equal(parseTime(1_700_000_000_250), 1_700_000_000_250_000);
  assert.equal(parseTime('2018-07-05T15:43:47.690014-0400'), Date.UTC(2018, 6, 5, 19, 43, 47) * 1000 + 690_014);
  assert.equal(parseTime('2019-01-02T03:50:11.315110'), Date.UTC(2019, 0, 2, 3, 50, 11) * 1000 + 315_110);
  assert.equal(parseTime('2019-01-02T03:50:11.123456789Z'), Date.UTC(2019, 0, 2, 3, 50, 11) * 1000 + 123_456);
  assert.equal(parseTime('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1) * 1000);
  for (const none of [
    '', '-', 'noon', '9999-01-01T00:00:00Z', '1900-01-01T00:00:00Z', -1, NaN, Infinity, 1e20, 5e10, '99999999999', null, {}, '1e5',
    '2024-13-01T00:00:00Z', '2024-00-10T00:00:00Z', '2024-01-32T00:00:00Z', '2024-01-10T24:30:00Z', '2024-01-10T00:61:00Z',
    '2024-01-10T00:00:00+29:00',
  ])
    assert.ok(Number.isNaN(parseTime(none)), String(none));
});

test('property: what Date writes is read back', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date(8e12), noInvalidDate: true }),
      (date) => parseTime(date.toISOString()) === date.getTime() * 1000,
    ),
  );
});
