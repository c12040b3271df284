import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress } from './address.ts';

test('IPv6 text follows RFC 5952', () => {
  const examples = [
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'], // 4.2.3: the first of two equal runs
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // 4.2.2: a single zero group stays
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], // 4.2.3: the longest run
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::FFFF:192.0.2.128', '::ffff:192.0.2.128'],
  ] as const;
  for (const [text, expected] of examples) assert.equal(formatAddress(parseAddress(text), 0, 16), expected);
});

test('IPv6 text is that of the URL standard', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
    fc.pre(!(groups.slice(0, 5).every((value) => value === 0) && groups[5] === 0xffff)); // URL writes mapped addresses in hexadecimal
    const text = groups.map((value) => value.toString(16)).join(':');
    assert.equal(`[${formatAddress(parseAddress(text), 0, 16)}]`, new URL(`http://[${text}]/`).hostname);
  }));
});

test('what is no address is refused', () => {
  for (const text of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'example.com', '1:2', ':::', '1::2::3', '1:2:3:4:5:6:7:8:9', '12345::', '::1.2.3']) {
    assert.throws(() => parseAddress(text), TypeError, text);
  }
});

test('property: an address is what Node.js says is one', () => {
  const part = fc.constantFrom('0', '1', '01', 'f', 'ffff', '00001', '255', '256', '.', ':', '::', ':', '1.2.3.4', 'g');
  fc.assert(fc.property(fc.array(part, { maxLength: 16 }).map((parts) => parts.join('')), (text) => {
    assert.equal(familyOf(text), isIP(text), text);
  }), { numRuns: 20_000, examples: [['1.2.3.4::'], ['1.2.3.4::1'], ['01.2.3.4'], ['::01.2.3.4']] });
});

function familyOf(text: string): number {
  try {
    return parseAddress(text).length === 4 ? 4 : 6;
  } catch {
    return 0;
  }
}
