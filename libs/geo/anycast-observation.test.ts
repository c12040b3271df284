import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnycastObserver } from './anycast-observation.ts';

const frankfurt = { latitude: 50.11, longitude: 8.68 };
const singapore = { latitude: 1.35, longitude: 103.82 };
const mainz = { latitude: 50, longitude: 8.27 };

test('two round trips that no single place explains prove an address anycast, whichever came first', () => {
  const observer = new AnycastObserver();
  assert.equal(observer.observe('192.0.2.1', 'fra', frankfurt, 300), '');
  assert.equal(observer.observe('192.0.2.1', 'sin', singapore, 10_100), '', 'the probes are 10,265 km apart: a host between them explains both');
  assert.equal(observer.observe('192.0.2.1', 'sin', singapore, 400), 'fra and sin');
  assert.equal(observer.observe('192.0.2.1', 'sin', singapore, 12_000), 'fra and sin', 'a slower answer later takes nothing back');
  assert.equal(observer.proofOf('192.0.2.1'), 'fra and sin');
  assert.equal(observer.proofOf('192.0.2.2'), '');
});

test('probes near each other prove nothing', () => {
  const observer = new AnycastObserver();
  observer.observe('192.0.2.1', 'fra', frankfurt, 20);
  assert.equal(observer.observe('192.0.2.1', 'mainz', mainz, 20), '', '32 km apart');
});

test('no more addresses are remembered than allowed', () => {
  const observer = new AnycastObserver(2);
  observer.observe('192.0.2.1', 'fra', frankfurt, 10);
  for (let i = 2; i < 8; i += 1) observer.observe(`192.0.2.${i}`, 'fra', frankfurt, 10);
  assert.equal(observer.observe('192.0.2.1', 'sin', singapore, 10), '', 'the first is forgotten');
});
