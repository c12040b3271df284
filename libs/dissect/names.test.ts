import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameCache } from './names.ts';

const second = 1_000_000;
const answer = (name: string, addresses: string[], ttl: number) => ({ name, addresses, ttl });

test('a name per client, the last one wins', () => {
  const cache = new NameCache();
  cache.learn('10.0.0.1', answer('a.example', ['192.0.2.1', '192.0.2.2'], 3600), 0);
  cache.learn('10.0.0.2', answer('b.example', ['192.0.2.1'], 3600), 0);
  cache.learn('10.0.0.1', answer('c.example', ['192.0.2.2'], 3600), 0);
  assert.equal(cache.lookup('10.0.0.1', '192.0.2.1', 1)?.name, 'a.example');
  assert.equal(cache.lookup('10.0.0.1', '192.0.2.2', 1)?.name, 'c.example');
  assert.equal(cache.lookup('10.0.0.2', '192.0.2.1', 1)?.name, 'b.example');
  assert.equal(cache.lookup('10.0.0.3', '192.0.2.1', 1), undefined);
});

test('a name holds for what begins after it was learned; before that, the one before', () => {
  const cache = new NameCache({ maxNames: 10, minTtl: 100, maxTtl: 1000 });
  cache.learn('c', answer('old', ['1'], 100), 10 * second);
  cache.learn('c', answer('new', ['1'], 100), 50 * second);
  cache.learn('c', answer('new', ['1'], 100), 60 * second);
  const at = (seconds: number): string => cache.lookup('c', '1', seconds * second)?.name ?? '';
  assert.deepEqual([9, 10, 49, 50, 160].map(at), ['', 'old', 'old', 'new', 'new']);
  cache.clear();
  assert.equal(at(60), '');
});

test('the TTL has a floor and a ceiling', () => {
  const cache = new NameCache({ maxNames: 10, minTtl: 100, maxTtl: 1000 });
  cache.learn('c', answer('short', ['1'], 0), 0);
  cache.learn('c', answer('middle', ['2'], 500), 0);
  cache.learn('c', answer('long', ['3'], 1e9), 0);
  const at = (seconds: number): string[] => ['1', '2', '3'].map((address) => cache.lookup('c', address, seconds * second)?.name ?? '');
  assert.deepEqual(at(100), ['short', 'middle', 'long']);
  assert.deepEqual(at(101), ['', 'middle', 'long']);
  assert.deepEqual(at(501), ['', '', 'long']);
  assert.deepEqual(at(1001), ['', '', '']);
  assert.equal(cache.size, 0);
});

test('over the bound the one learned longest ago goes, and is counted while it still held', () => {
  const cache = new NameCache({ maxNames: 2, minTtl: 100, maxTtl: 100 });
  cache.learn('c', answer('one', ['1'], 0), 0);
  cache.learn('c', answer('two', ['2'], 0), 0);
  cache.learn('c', answer('one', ['1'], 0), 1);
  cache.learn('c', answer('three', ['3'], 0), 2);
  assert.deepEqual(['1', '2', '3'].map((address) => cache.lookup('c', address, 3)?.name ?? ''), ['one', '', 'three']);
  assert.equal(cache.evicted, 1);
  cache.learn('c', answer('four', ['4'], 0), 1000 * second);
  assert.equal(cache.evicted, 1);
  assert.equal(cache.size, 2);
});
