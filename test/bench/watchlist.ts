import { randomBytes } from 'node:crypto';
import { createMessage, type Field, type Message } from '#dissect';
import { createTokeniser, createWatchKey, Recogniser, RecogniserCounters, watch, WatchScanner, type Watch } from '#identifiers';

/*
 * `node dist/test/bench/watchlist.js`: CPU time per message without lists and with lists of several sizes, over a web request, a page of text
 * and an opaque datagram. Runs in turn, so that the machine's mood is shared.
 */

const tokenKey = Buffer.alloc(32, 7);
const tokeniser = createTokeniser(tokenKey);
const key = createWatchKey(tokenKey, tokeniser.keyId);
const rounds = 5;
const messages = 4000;

const field = (name: string, value: string): Field => ({ path: `url.query.${name}`, key: name, value, encoding: '', sender: 'source', frame: 1 });
const request: Message = {
  ...createMessage('http', { verdict: 'cleartext', reason: 'HTTP request' }, { sender: 'source', frame: 1, micros: 1 }),
  fields: Array.from({ length: 24 }, (_, i) =>
    field(
      `p${i}`,
      i % 3 === 0 ? `${1_000_000 + i * 7919}` : i % 3 === 1 ? 'text/html,application/xhtml+xml;q=0.9' : randomBytes(12).toString('base64'),
    ),
  ),
};
const page: Message = {
  ...createMessage('tcp', { verdict: 'cleartext', reason: 'text' }, { sender: 'source', frame: 1, micros: 1 }),
  payload: Buffer.from('It was the best of lines, it was 1234567 of lines, and x-y_z too. '.repeat(20)),
};
const datagram: Message = {
  ...createMessage('udp', { verdict: 'opaque', reason: 'no known structure' }, { sender: 'source', frame: 1, micros: 1 }),
  payload: randomBytes(1200),
};

function watchOf(size: number): Watch | null {
  if (size === 0) return null;
  const values = Array.from({ length: size }, (_, i) =>
    i % 3 === 0 ? `${471_000_000 + i}` : i % 3 === 1 ? `user${i}@example.org` : `account-${i}x`,
  );
  return new WatchScanner([{ name: 'bench', entries: values.map((value) => watch(value, '', tokeniser, key)) }], key);
}

function microsPerMessage(message: Message, lists: Watch | null): number {
  const recogniser = new Recogniser({ tokeniser, maxPerMessage: 256 }, new RecogniserCounters());
  recogniser.watch(lists);
  const before = process.cpuUsage();
  for (let i = 0; i < messages; i++) recogniser.recognise(message);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / messages;
}

const sizes = [0, 100, 10_000];
const watches = sizes.map(watchOf);
process.stdout.write(`µs per message          ${sizes.map((size) => (size === 0 ? 'no list' : `${size} values`).padStart(14)).join('')}\n`);
for (const [name, message] of Object.entries({ 'request, 24 fields': request, 'text, 1.3 KB': page, 'datagram, 1.2 KB': datagram })) {
  const best = sizes.map(() => Infinity);
  for (let round = 0; round < rounds; round++) {
    for (const [i, lists] of watches.entries()) best[i] = Math.min(best[i]!, microsPerMessage(message, lists));
  }
  process.stdout.write(`${name.padEnd(24)}${best.map((micros) => micros.toFixed(1).padStart(14)).join('')}\n`);
}
