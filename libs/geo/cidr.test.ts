import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { Cidr, CidrSet } from './cidr.ts';

test('a CIDR block holds what node:net says it holds', () => {
  fc.assert(fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), (network, length, address) => {
    const list = new BlockList();
    list.addSubnet(network, length, 'ipv4');
    assert.equal(new CidrSet([Cidr.parse(`${network}/${length}`)!]).has(address), list.check(address, 'ipv4'));
  }));
  const ipv6 = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }).map(
    (groups) => groups.map((group) => group.toString(16)).join(':'),
  );
  fc.assert(fc.property(ipv6, fc.integer({ min: 0, max: 128 }), ipv6, (network, length, address) => {
    const list = new BlockList();
    list.addSubnet(network, length, 'ipv6');
    assert.equal(new CidrSet([Cidr.parse(`${network}/${length}`)!]).has(address), list.check(address, 'ipv6'), `${network}/${length} ${address}`);
  }));
});

test('what is no CIDR block is refused', () => {
  for (const text of ['', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/', '10.0.0.0/x', '::/129', 'example.com'])
    assert.equal(Cidr.parse(text), undefined, text);
  assert.equal(Cidr.parse('10.1.2.3')!.length, 32);
});
