import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import {
  ConfigurationError, clickhouseSection, duration, httpSection, kafkaSection, loadConfig, logSection, renderConfigurationReference,
  secretsOf, shutdownSection, size,
} from './runtime.ts';

const receiver = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('pager'), url: z.url().meta({ description: 'Where.' }) }).meta({ description: 'A pager.' }),
  z.strictObject({ type: z.literal('hook'), key: z.string().min(3).meta({ description: 'Key.', secret: true }) }),
]);
const schema = z.strictObject({
  log: logSection, http: httpSection(9100), shutdown: shutdownSection, kafka: kafkaSection, clickhouse: clickhouseSection,
  alerter: z.strictObject({
    groupWait: duration('30s').meta({ description: 'Wait.' }),
    bound: size('16MiB').meta({ description: 'Bound.' }),
    receivers: z.array(receiver).default([]).meta({ description: 'Receivers.' }),
  }).prefault({}),
});

describe('loadConfig', () => {
  test('defaults', () => {
    const configuration = loadConfig(schema, { environment: { PATH: '/bin', TELLTALE_HTTP_PORT: '' } });
    assert.deepEqual(configuration, {
      log: { level: 'info', format: 'auto' }, http: { host: '127.0.0.1', port: 9100 }, shutdown: { timeout: 20_000 },
      kafka: { brokers: ['127.0.0.1:9092'], tls: false }, clickhouse: { url: 'http://127.0.0.1:8123', database: 'telltale' },
      alerter: { groupWait: 30_000, bound: 16 * 1024 ** 2, receivers: [] },
    });
  });

  test('the environment goes before the file, the file before the default', (t) => {
    const file = yaml(t, 'http:\n  port: 1\n  host: 0.0.0.0\nkafka: { brokers: ["a:1"] }\n');
    const { http, kafka, clickhouse, alerter } = loadConfig(schema, {
      file,
      environment: {
        TELLTALE_HTTP_PORT: '2', CLICKHOUSE_URL: 'https://db:8443', TELLTALE_KAFKA_TLS: 'true', TELLTALE_KAFKA_SASL_USERNAME: 'u',
        TELLTALE_KAFKA_SASL_PASSWORD: 'p', TELLTALE_ALERTER_GROUP_WAIT: '5m', TELLTALE_ALERTER_RECEIVERS: '[{"type":"hook","key":"abcd"}]',
      },
    });
    assert.deepEqual(http, { host: '0.0.0.0', port: 2 });
    assert.deepEqual(kafka, { brokers: ['a:1'], tls: true, sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' } });
    assert.equal(clickhouse.url, 'https://db:8443');
    assert.deepEqual(alerter, { groupWait: 300_000, bound: 16 * 1024 ** 2, receivers: [{ type: 'hook', key: 'abcd' }] });
  });

  test('TELLTALE_CONFIG names the file; brokers are separated by commas', (t) => {
    const file = yaml(t, 'log: { level: debug }');
    const { log, kafka } = loadConfig(schema, { environment: { TELLTALE_CONFIG: file, TELLTALE_KAFKA_BROKERS: 'a:1, b:2,' } });
    assert.equal(log.level, 'debug');
    assert.deepEqual(kafka.brokers, ['a:1', 'b:2']);
  });

  test('sections and variables of other services are skipped', (t) => {
    loadConfig(schema, {
      file: yaml(t, 'detector: { any: thing }'),
      environment: { TELLTALE_PROBE_INTERFACE: 'eth0', TELLTALE_MIGRATE_PARTITIONS: '3', TELLTALE_TEST_KAFKA: 'x', TELLTALE_DEBUG: '1' },
    });
  });

  test('an empty file is one without options', (t) => {
    assert.equal(loadConfig(schema, { file: yaml(t, '# nothing\n'), environment: {} }).http.port, 9100);
  });

  const mistakes: [name: string, text: string, environment: Record<string, string>, expected: RegExp][] = [
    ['unknown section', 'kafkaa: {}', {}, /telltale\.yaml:1:1: kafkaa: no option has this name\. Did you mean kafka\?/],
    ['unknown key', 'log: {}\nhttp:\n  prot: 1', {}, /telltale\.yaml:3:3: http\.prot: no option has this name\. Did you mean port\?/],
    [
      'unknown variable',
      '',
      { TELLTALE_KAFKA_BROKER: 'a:1' },
      /environment variable TELLTALE_KAFKA_BROKER: no option has this name\. Did you mean TELLTALE_KAFKA_BROKERS\?/,
    ],
    ['unknown section of the environment', '', { TELLTALE_FOO_BAR: '1' }, /TELLTALE_FOO_BAR: no option has this name\. Remove it/],
    [
      'wrong type',
      'http:\n  port: many',
      {},
      /telltale\.yaml:2:3: http\.port: invalid input: expected number, received string\. Set TELLTALE_HTTP_PORT, or http\.port in the file: port to listen on/,
    ],
    [
      'wrong type in a variable',
      '',
      { TELLTALE_HTTP_PORT: 'many' },
      /environment variable TELLTALE_HTTP_PORT: http\.port: invalid input: expected number/,
    ],
    ['out of range', 'http: { port: 70000 }', {}, /telltale\.yaml:1:9: http\.port: too big/],
    ['no duration', 'alerter: { groupWait: soon }', {}, /alerter\.groupWait: expected a duration such as 250ms/],
    ['a number without unit', 'alerter: { groupWait: 30 }', {}, /alerter\.groupWait: expected a duration such as 250ms/],
    ['longer than a timer waits', 'shutdown: { timeout: 30d }', {}, /shutdown\.timeout: expected a duration between 1ms and 24d/],
    ['no size', 'alerter: { bound: big }', {}, /alerter\.bound: expected a size/],
    ['no broker address', 'kafka: { brokers: [localhost] }', {}, /kafka\.brokers\.0: expected host:port/],
    ['required', 'kafka: { sasl: { username: u } }', {}, /kafka\.sasl\.password: a value is required\. Set TELLTALE_KAFKA_SASL_PASSWORD/],
    [
      'unknown variant',
      'alerter:\n  receivers:\n    - type: fax',
      {},
      /telltale\.yaml:3:7: alerter\.receivers\.0\.type: invalid discriminator value/,
    ],
    [
      'unknown key in a list',
      'alerter: { receivers: [{ type: hook, key: abc, colour: red }] }',
      {},
      /alerter\.receivers\.0\.colour: no option has this name/,
    ],
    ['malformed file', 'http: [1', {}, /telltale\.yaml:1:\d+: the YAML is malformed/],
    ['key twice', 'http: {}\nhttp: {}', {}, /telltale\.yaml:2:1: the YAML is malformed \(duplicate key\)/],
    ['no map', '- a', {}, /telltale\.yaml:1:1: the file is not a map/],
    ['alias without anchor', 'http: { host: *secret }', {}, /telltale\.yaml/],
  ];
  for (const [name, text, environment, expected] of mistakes) {
    test(`refused: ${name}`, (t) => {
      assert.throws(() => loadConfig(schema, { file: yaml(t, text), environment }), (error) => {
        assert(error instanceof ConfigurationError);
        assert.match(error.message, expected);
        return true;
      });
    });
  }

  test('a file that is not there', () => {
    assert.throws(
      () => loadConfig(schema, { file: '/nowhere/telltale.yaml', environment: {} }),
      /\/nowhere\/telltale\.yaml: the file cannot be read \(ENOENT\)/,
    );
  });

  test('all problems are told at once', (t) => {
    assert.throws(
      () => loadConfig(schema, {
        file: yaml(t, 'http: { port: a, prot: 1, hots: b }\nlogg: {}\nkafkaa: {}'), environment: { TELLTALE_LOG_LEVEL: 'loud' },
      }),
      (error) => {
        assert(error instanceof ConfigurationError);
        assert.deepEqual(
          error.problems.map(({ where, option }) => `${where.replace(/^.*telltale/, 'telltale')} ${option}`).toSorted(),
          [
            'environment variable TELLTALE_LOG_LEVEL log.level', 'telltale.yaml:1:18 http.prot', 'telltale.yaml:1:27 http.hots',
            'telltale.yaml:1:9 http.port', 'telltale.yaml:2:1 logg', 'telltale.yaml:3:1 kafkaa',
          ],
        );
        return true;
      },
    );
  });

  test('an error never holds a value', (t) => {
    const planted = 'pl4nted';
    const texts = [
      `kafka: { sasl: { username: u, password: [${planted}] } }`,
      `kafka: { sasl: ${planted} }`,
      `log: { level: ${planted} }`,
      `http: { port: ${planted} }`,
      `alerter: { receivers: [{ type: ${planted} }] }`,
      `clickhouse: { url: "${planted}" }`,
      `clickhouse: { url: *${planted} }`,
      `alerter: { receivers: [{type: hook, key: "${planted}`,
    ];
    for (const text of texts) {
      assert.throws(() => loadConfig(schema, { file: yaml(t, text), environment: {} }), (error) => {
        assert(error instanceof ConfigurationError);
        assert(!error.message.includes(planted), `${text}: ${error.message}`);
        return true;
      });
    }
  });

  test('two options of one variable are refused', () => {
    const ambiguous = z.strictObject({
      http: z.strictObject({ aB: z.string().default(''), a: z.strictObject({ b: z.string().default('') }).prefault({}) }).prefault({}),
    });
    assert.throws(() => loadConfig(ambiguous, { environment: {} }), /TELLTALE_HTTP_A_B would set both http\.aB and http\.a\.b/);
  });
});

test('secrets: marked values, in lists too, and passwords of URLs as written and decoded', () => {
  const configuration = loadConfig(schema, {
    environment: {
      CLICKHOUSE_URL: 'http://me:p%40ss@db:8123', TELLTALE_KAFKA_SASL_USERNAME: 'user', TELLTALE_KAFKA_SASL_PASSWORD: 'kpass',
      TELLTALE_ALERTER_RECEIVERS: '[{"type":"hook","key":"hookkey"},{"type":"pager","url":"https://a:upass@b/"}]',
    },
  });
  assert.deepEqual(secretsOf(schema, configuration).toSorted(), ['hookkey', 'kpass', 'p%40ss', 'p@ss', 'upass']);
});

test('the reference names option, variable, default, meaning and secrecy', () => {
  const text = renderConfigurationReference([{ name: 'alerter', schema }]);
  assert.match(text, /^\| `kafka\.brokers` \| `TELLTALE_KAFKA_BROKERS` \| `127\.0\.0\.1:9092` \| Bootstrap brokers/m);
  assert.match(text, /^\| `clickhouse\.url` \| `TELLTALE_CLICKHOUSE_URL`, `CLICKHOUSE_URL` \|/m);
  assert.match(
    text,
    /^\| `kafka\.sasl\.password` \| `TELLTALE_KAFKA_SASL_PASSWORD` \| \*required with `kafka\.sasl`\* \| SASL password\. \*Secret\.\*/m,
  );
  assert.match(text, /^\| `alerter\.groupWait` \| `TELLTALE_ALERTER_GROUP_WAIT` \| `30s` \| Wait\./m);
  assert.match(text, /`type: hook`[^]*\| `key` \| \*required\* \| Key\. \*Secret\.\*/);
});

function yaml(t: { after(clean: () => void): void }, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'telltale-configuration-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'telltale.yaml');
  writeFileSync(file, text);
  return file;
}
