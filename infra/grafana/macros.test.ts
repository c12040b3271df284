import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expand, type Expansion } from './macros.ts';

/** Times, interval and expected texts are those of the data source's own tests (grafana/clickhouse-datasource: pkg/macros/macros_test.go). */
const expansion: Expansion = {
  from: new Date('2014-11-12T11:45:26.371Z'),
  to: new Date('2015-11-12T11:45:26.371Z'),
  intervalSeconds: 20,
  variables: { service: ['zoom', 'agora'], one: 'zoom', all: '$__all', none: '', quoted: ["rock'n'roll"], clock: 'ingested_at' },
};
const expanded = (sql: string) => expand(sql, expansion);

describe('macros expand as in the data source', () => {
  const cases: Record<string, string> = {
    $__fromTime: 'toDateTime(1415792726)',
    $__toTime: 'toDateTime(1447328726)',
    '$__timeFilter(col)': 'col >= toDateTime(1415792726) AND col <= toDateTime(1447328726)',
    '$__timeFilter_ms(col)': 'col >= fromUnixTimestamp64Milli(1415792726371) AND col <= fromUnixTimestamp64Milli(1447328726371)',
    '$__dateFilter(dateCol)': "dateCol >= toDate('2014-11-12') AND dateCol <= toDate('2015-11-12')",
    '$__dateTimeFilter(dateCol, timeCol)':
      "(dateCol >= toDate('2014-11-12') AND dateCol <= toDate('2015-11-12')) AND (timeCol >= toDateTime(1415792726) AND timeCol <= "
        + "toDateTime(1447328726))",
    '$__timeInterval(col)': 'toStartOfInterval(toDateTime(col), INTERVAL 20 second)',
    '$__timeInterval_ms(col)': 'toStartOfInterval(toDateTime64(col, 3), INTERVAL 20000 millisecond)',
    $__interval_s: '20',
    'count() / $__interval_s AS x': 'count() / 20 AS x',
    '$__timeFilter(min(toDateTime(col)))':
      'min(toDateTime(col)) >= toDateTime(1415792726) AND min(toDateTime(col)) <= toDateTime(1447328726)',
  };
  for (const [sql, expected] of Object.entries(cases)) test(sql, () => assert.equal(expanded(sql), expected));

  test('an interval below a second counts as one', () => {
    assert.equal(expand('$__interval_s', { ...expansion, intervalSeconds: 0.2 }), '1');
  });
});

describe('variables', () => {
  const cases: Record<string, string> = {
    'a IN ($service)': "a IN ('zoom','agora')",
    'a IN (${service:singlequote})': "a IN ('zoom','agora')",
    'a IN (${quoted:singlequote})': "a IN ('rock\\'n\\'roll')",
    'a = $one': 'a = zoom',
    'a = ${one:singlequote}': "a = 'zoom'",
    '$__timeFilter(${clock:raw})': 'ingested_at >= toDateTime(1415792726) AND ingested_at <= toDateTime(1447328726)',
    '$__conditionalAll(a IN (${service:singlequote}), $service)': "a IN ('zoom','agora')",
    "$__conditionalAll(if(a = '', '-', a) IN ($service), $all)": '1=1',
    '$__conditionalAll(a = 1, $none) AND $__conditionalAll(b = 2, $one)': '1=1 AND b = 2',
  };
  for (const [sql, expected] of Object.entries(cases)) test(sql, () => assert.equal(expanded(sql), expected));
});

describe('what Grafana would hand to ClickHouse unexpanded, or refuse, is an error', () => {
  for (const sql of [
    '$__nosuch(a)',
    '$nosuch',
    '${service:nosuch}',
    '$__timeFilter()',
    '$__timeFilter(a, b)',
    '$__timeFilter(a',
    '$__conditionalAll(a)',
  ]) {
    test(sql, () => assert.throws(() => expanded(sql), /not known|not defined|takes|not closed/));
  }
});
