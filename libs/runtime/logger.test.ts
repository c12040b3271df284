import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from './runtime.ts';

function capture() {
  const lines: string[] = [];
  return { lines, destination: { write: (line: string) => void lines.push(line) } };
}

test('JSON lines with service, level by name and ISO time', () => {
  const { lines, destination } = capture();
  createLogger({ name: 'probe', destination }).info({ frames: 3 }, 'read');
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.deepEqual(
    { name: line['name'], level: line['level'], msg: line['msg'], frames: line['frames'] },
    { name: 'probe', level: 'info', msg: 'read', frames: 3 },
  );
  assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT.*Z$/);
});

test('below the level nothing is written', () => {
  const { lines, destination } = capture();
  createLogger({ name: 'probe', level: 'warn', destination }).info('x');
  assert.equal(lines.length, 0);
});

test('no secret, wherever it stands and however it is escaped', () => {
  const { lines, destination } = capture();
  const secrets = ['s3cret', 's3cret-longer', 'a"b\\c'];
  const logger = createLogger({ name: 'probe', destination, secrets });
  logger.error({ err: new Error('POST http://u:s3cret-longer@h/ failed'), header: 'a"b\\c' }, 'with s3cret');
  logger.child({ key: 's3cret' }).info('x');
  const text = lines.join('');
  for (const line of lines) JSON.parse(line);
  assert(!text.includes('s3cret') && !text.includes('-longer') && !text.includes('a\\"b'), text);
  assert.equal(text.match(/\[secret\]/g)?.length, 5); // message, its stack, header, text, child
});

test('one line for a person, with the reason of an error, or the stack of a mistake below it', () => {
  const { lines, destination } = capture();
  const logger = createLogger({ name: 'probe', format: 'text', destination });
  logger.info({ file: 'a b.pcap', frames: 3 }, 'read');
  logger.error({ err: new Error('not here', { cause: new Error('ENOENT') }), file: 'a' }, 'failed');
  logger.error({ err: new Error('broken', { cause: new TypeError('no function') }) }, 'failed');
  assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d info  probe: read file="a b\.pcap" frames=3\n$/);
  assert.match(lines[1] ?? '', /^\d\d:\d\d:\d\d error probe: failed: not here: ENOENT file=a\n$/);
  assert.match(lines[2] ?? '', /^\d\d:\d\d:\d\d error probe: failed\n {2}Error: broken\n {4,}at [^]*caused by: TypeError: no function\n {4,}at /);
});
