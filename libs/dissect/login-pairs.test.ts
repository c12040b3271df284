import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStream, type Packet } from './testing/packets.ts';

/** Messages with their fields, each with its packet; `...` is a gap in the source's stream. */
function told(...packets: (Packet | '...')[]): string[] {
  const { dissector, result } = openStream();
  packets.forEach((packet, index) => {
    if (packet === '...') dissector.gap('source', 30);
    else dissector.data(packet[0], Buffer.from(packet[1] as Buffer), index + 1, index + 1);
  });
  dissector.end();
  return result.messages.filter(({ fields }) => fields.length > 0).map((message) =>
    `${message.frame}: ${message.fields.map(({ frame, key, value }) => `${frame} ${key}=${value}`).join(', ')}`);
}

const greeting: Packet = ['destination', '220 FTP server ready\r\n'];
const jane: Packet = ['source', 'USER jane\r\n'];
const sesame: Packet = ['source', 'PASS sesame\r\n'];

test('the name of a login is told with the password, each with its own packet', () => {
  assert.deepEqual(told(greeting, jane, ['destination', '331 password\r\n'], sesame), ['4: 2 user_name=jane, 4 password=sesame']);
});

test('a name that no password follows is told all the same', () => {
  assert.deepEqual(told(greeting, jane), ['2: 2 user_name=jane'], 'at the end');
  assert.deepEqual(told(greeting, jane, '...', sesame), ['2: 2 user_name=jane', '4: 4 password=sesame'], 'at a gap');
  assert.deepEqual(
    told(greeting, jane, ['source', 'USER joe\r\n'], sesame),
    ['2: 2 user_name=jane', '4: 3 user_name=joe, 4 password=sesame'],
    'at the next name',
  );
  assert.deepEqual(told(greeting, jane, ['source', 'AUTH TLS\r\n'], ['destination', '234 go\r\n']), ['2: 2 user_name=jane'], 'before TLS');
  assert.deepEqual(told(greeting, jane, sesame, sesame), ['3: 2 user_name=jane, 3 password=sesame', '4: 4 password=sesame'], 'once');
});

test('the answer to a challenge belongs to its name', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  assert.deepEqual(told(
    ['destination', '* OK IMAP4rev1\r\n'], ['source', 'a1 AUTHENTICATE SCRAM-SHA-1\r\n'], ['destination', '+ \r\n'],
    ['source', `${base64('n,,n=jane,r=fyko+d2lbbFgONRv9qkxdawL')}\r\n`], ['destination', `+ ${base64('r=fyko,s=QSXCR+Q6sek8bf92,i=4096')}\r\n`],
    ['source', `${base64('c=biws,r=fyko,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=')}\r\n`],
  ), ['6: 4 user_name=jane, 6 login_response=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=']);
});
