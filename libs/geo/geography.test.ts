import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Reader } from 'mmdb-lib';
import { formatAddress } from './address.ts';
import { Geography } from './geography.ts';

const table = (name: string): Buffer => readFileSync(new URL(`../../../node_modules/@ip-location-db/${name}`, import.meta.url));
const mmdb = table('geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb');
const geography = new Geography({
  located: mmdb,
  registered: { ipv4: table('asn-country/asn-country-ipv4-num.csv'), ipv6: table('asn-country/asn-country-ipv6-num.csv') },
  networks: { ipv4: table('asn/asn-ipv4-num.csv'), ipv6: table('asn/asn-ipv6-num.csv') },
  operators: readFileSync(new URL('../../../libs/geo/operators.yaml', import.meta.url), 'utf8'),
});

/** xorshift32: the same addresses in every run. */
function randomWords(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

test('located agrees with mmdb-lib for 100,000 random addresses of each family', () => {
  const oracle = new Reader(mmdb);
  const next = randomWords(20_260_617);
  const words = new Uint32Array(4);
  let known = 0;
  for (let i = 0; i < 200_000; i += 1) {
    const family = i % 2 === 0 ? 4 : 6;
    for (let word = 0; word < 4; word += 1) words[word] = next();
    // Global unicast in use lies in 2000::/3, nearly all of it in 2001::/16 and 2400::/6 to 2c00::/6.
    if (family === 6) words[0] = ([0x2001, 0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00][words[0]! % 6]! + (words[1]! % 16)) * 0x10000 + (words[0]! & 0xffff);
    const ip = formatAddress(family, words);
    const place = geography.lookup(ip);
    if (place.scope !== 'global') continue;
    assert.equal(place.located, (oracle.get(ip) as { country_code?: string } | null)?.country_code ?? '', ip);
    if (place.located !== '') known += 1;
  }
  assert.ok(known > 60_000, `only ${known} of the addresses have a country: the comparison says little`);
});

test('registered and network agree with a linear search of the CSV for addresses at the edges of ranges', () => {
  const rows = (name: string): string[] => table(name).toString('utf8').trimEnd().split('\n');
  for (const [family, suffix] of [[4, 'ipv4'], [6, 'ipv6']] as const) {
    const registered = rows(`asn-country/asn-country-${suffix}-num.csv`);
    const networks = rows(`asn/asn-${suffix}-num.csv`);
    for (let i = 0; i < 200; i += 1) {
      const [first = '', last = '', country] = registered[Math.floor(registered.length * i / 200)]!.split(',');
      for (const edge of [first, last]) assert.equal(geography.lookup(addressOf(family, edge)).registered, country, edge);
      const [start = '', end = '', asn] = networks[Math.floor(networks.length * i / 200)]!.split(',');
      for (const edge of [start, end]) {
        const place = geography.lookup(addressOf(family, edge));
        if (place.scope === 'global') assert.equal(place.asn, Number(asn), edge);
      }
    }
  }
});

function addressOf(family: 4 | 6, decimal: string): string {
  const value = BigInt(decimal);
  return formatAddress(family, Uint32Array.from(family === 4 ? [value] : [96n, 64n, 32n, 0n], (part) => Number(family === 4 ? part : (value >> part) & 0xffffffffn)));
}

test('the dimensions are answered apart', () => {
  const alibaba = geography.lookup('47.74.1.1');
  assert.deepEqual([alibaba.located, alibaba.registered, alibaba.operated, alibaba.asn], ['US', 'US', 'CN', 45102]);
  assert.match(alibaba.organisation, /^Alibaba \(US\)/);
  const beijing = geography.lookup('52.81.151.250');
  assert.deepEqual([beijing.located, beijing.registered, beijing.operated], ['CN', 'CN', 'CN']);
  assert.equal(geography.lookup('109.94.160.99').located, 'NL');
});

test('special ranges never have a country, whatever the tables say', () => {
  const local = ['0.0.0.0', '10.1.2.3', '127.0.0.1', '169.254.1.1', '172.31.255.255', '192.168.0.1', '224.0.0.251', '255.255.255.255',
    '::', '::1', 'fe80::1', 'fe80::1%eth0', 'fd00::1', 'ff02::fb'];
  const reserved = ['100.64.0.1', '100.127.255.255', '192.0.2.1', '198.51.100.1', '203.0.113.9', '198.18.0.1', '240.0.0.1', '192.88.99.1',
    '::ffff:52.81.151.250', '::52.81.151.250', '64:ff9b::3451:97fa', '64:ff9b:1::1', '2002:3451:97fa::1', '2001:0:3451:97fa::1', '2001:db8::1', '3fff::1', '100::1', '', 'example.com'];
  for (const [scope, addresses] of [['local', local], ['reserved', reserved]] as const) {
    for (const ip of addresses) {
      assert.deepEqual(geography.lookup(ip), { scope, located: '', registered: '', operated: '', asn: 0, organisation: '' }, ip);
    }
  }
  for (const ip of ['100.63.255.255', '100.128.0.0', '172.15.255.255', '172.32.0.0', '11.0.0.0', '2001:4860:4860::8888', '198.20.0.0']) {
    assert.equal(geography.lookup(ip).scope, 'global', ip);
  }
});

test('the build date of the tables is told', () => {
  assert.match(geography.version, /^20\d\d-\d\d-\d\d operators 20\d\d-\d\d-\d\d$/);
  assert.ok(geography.built.getTime() > Date.UTC(2026, 0));
});
