import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Reader } from 'mmdb-lib';
import { mulberry32 } from '../../test/support/random.ts';
import { formatAddress } from './address.ts';
import { parseAnycast } from './anycast.ts';
import { readCountries, readNetworks } from './csv-table.ts';
import { Geography, type GeoTables, type TableFile } from './geography.ts';
import { agreementOf, placeless } from './place.ts';

const table = (name: string): Buffer => readFileSync(new URL(`../../../node_modules/@ip-location-db/${name}`, import.meta.url));
const mmdb = table('geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb');
const built = new Date('2026-06-17');
const csv = (name: string) => ({ name, ipv4: table(`${name}/${name}-ipv4-num.csv`), ipv6: table(`${name}/${name}-ipv6-num.csv`) });
const asnCountry: TableFile = { name: 'asn-country', built, csv: readCountries(csv('asn-country')) };
const asn: TableFile = { name: 'asn', built, csv: readNetworks(csv('asn')) };
const shipped = (name: string): string => readFileSync(new URL(`../../../libs/geo/${name}`, import.meta.url), 'utf8');
const tables: GeoTables = {
  located: [{ name: 'geo-whois-asn-country', mmdb: [mmdb] }],
  registered: [asnCountry],
  networks: asn,
  operators: [{ name: 'operators.yaml', text: shipped('operators.yaml') }],
  anycast: { name: 'anycast.csv', text: shipped('anycast.csv') },
};
const geography = new Geography(tables);

test('located agrees with mmdb-lib for 100,000 random addresses of each family', () => {
  const oracle = new Reader(mmdb);
  const next = mulberry32(20_260_617);
  const words = new Uint32Array(4);
  let known = 0;
  for (let i = 0; i < 200_000; i += 1) {
    const family = i % 2 === 0 ? 4 : 6;
    for (let word = 0; word < 4; word += 1) words[word] = next();
    // Global unicast in use lies in 2000::/3, nearly all of it in 2001::/16 and 2400::/6 to 2c00::/6.
    if (family === 6)
      words[0] = ([0x2001, 0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00][words[0]! % 6]! + (words[1]! % 16)) * 0x10000 + (words[0]! & 0xffff);
    const ip = formatAddress(family, words);
    const place = geography.lookup(ip);
    if (place.scope !== 'global' || place.anycast !== '') continue;
    assert.equal(place.located, (oracle.get(ip) as { country_code?: string } | null)?.country_code ?? '', ip);
    if (place.located !== '') known += 1;
  }
  assert.ok(known > 60_000, `only ${known} of the addresses have a country: the comparison says little`);
});

test('a table in one file per family: located and city agree with mmdb-lib for 20,000 random addresses of each family', () => {
  const files = ['ipv4', 'ipv6'].map((family) => table(`dbip-city-mmdb/dbip-city-${family}.mmdb`));
  const cities = new Geography({ ...tables, located: [{ name: 'dbip-city', mmdb: files }] });
  const oracles = files.map((file) => new Reader(file));
  const next = mulberry32(20_260_605);
  const words = new Uint32Array(4);
  let known = 0;
  for (let i = 0; i < 40_000; i += 1) {
    const family = i % 2 === 0 ? 4 : 6;
    for (let word = 0; word < 4; word += 1) words[word] = next();
    // A few dense blocks, so that networks of every size are compared.
    if (family === 6) words[0] = [0x2001_0000, 0x2400_0000, 0x2600_0000, 0x2a02_0000][words[0]! % 4]! + (words[1]! % 0x1_0000);
    const ip = formatAddress(family, words);
    const place = cities.lookup(ip);
    if (place.scope !== 'global' || place.anycast !== '') continue;
    const record = oracles[family === 4 ? 0 : 1]!.get(ip) as { country_code?: string; city?: string; latitude?: number; longitude?: number } | null;
    const country = record?.country_code === 'ZZ' ? '' : record?.country_code ?? '';
    assert.equal(place.located, country, ip);
    const city = cities.cityIn(country, ip);
    assert.deepEqual(
      [city?.name ?? '', city?.position],
      country === '' || !record?.city ? ['', undefined] : [record.city, { latitude: record.latitude, longitude: record.longitude }],
      ip,
    );
    if (city) known += 1;
  }
  assert.ok(known > 15_000, `only ${known} of the addresses have a city: the comparison says little`);
  assert.equal(cities.faults, 0);
  assert.equal(cities.cityIn('US', '47.74.1.1'), undefined, 'a city elsewhere than the answer is not told');
});

test('a damaged MaxMind DB: refused when its parts are missing; where single records are broken the table is silent, and it is counted', () => {
  for (const broken of [mmdb.subarray(0, 1_000), mmdb.subarray(1_000), Buffer.from('no database')]) {
    assert.throws(() => new Geography({ ...tables, located: [{ name: 'broken', mmdb: [broken] }] }), /geo table broken cannot be read/);
  }
  const { searchTreeSize } = new Reader(mmdb).metadata;
  const scratched = Buffer.from(mmdb);
  scratched.fill(0xff, searchTreeSize + 16, mmdb.length - 400);
  const silent = new Geography({ ...tables, located: [{ name: 'scratched', mmdb: [scratched] }, { name: 'whole', mmdb: [mmdb] }] });
  assert.equal(silent.lookup('52.81.151.250').located, 'CN', 'the next table answers');
  assert.equal(silent.cityIn('CN', '52.81.151.250'), undefined);
  assert.ok(silent.faults > 0);
});

test('registered and network agree with a linear search of the CSV for addresses at the edges of ranges', () => {
  const rows = (name: string): string[] => table(name).toString('utf8').trimEnd().split('\n');
  for (const [family, suffix] of [[4, 'ipv4'], [6, 'ipv6']] as const) {
    const registered = rows(`asn-country/asn-country-${suffix}-num.csv`);
    const networks = rows(`asn/asn-${suffix}-num.csv`);
    for (let i = 0; i < 200; i += 1) {
      const [first = '', last = '', country] = registered[Math.floor(registered.length * i / 200)]!.split(',');
      for (const edge of [first, last]) {
        const place = geography.lookup(addressOf(family, edge));
        if (place.scope === 'global') assert.equal(place.registered, country, edge);
      }
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
  return formatAddress(
    family,
    Uint32Array.from(family === 4 ? [value] : [96n, 64n, 32n, 0n], (part) => Number(family === 4 ? part : (value >> part) & 0xffffffffn)),
  );
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
  const reserved = [
    '100.64.0.1', '100.127.255.255', '192.0.2.1', '198.51.100.1', '203.0.113.9', '198.18.0.1', '240.0.0.1', '192.88.99.1',
    '::ffff:52.81.151.250', '::52.81.151.250', '64:ff9b::3451:97fa', '64:ff9b:1::1', '2002:3451:97fa::1', '2001:0:3451:97fa::1',
    '2001:db8::1', '3fff::1', '100::1', '', 'example.com',
  ];
  for (const [scope, addresses] of [['local', local], ['reserved', reserved]] as const) {
    for (const ip of addresses) {
      assert.deepEqual(geography.lookup(ip), placeless(scope), ip);
    }
  }
  for (const ip of ['100.63.255.255', '100.128.0.0', '172.15.255.255', '172.32.0.0', '11.0.0.0', '2001:4860:4860::8888', '198.20.0.0']) {
    assert.equal(geography.lookup(ip).scope, 'global', ip);
  }
});

test('each table is told with the day it was built', () => {
  assert.match(geography.version, /^geo-whois-asn-country 20\d\d-\d\d-\d\d, asn-country 2026-06-17, asn 2026-06-17, operators 20\S+, anycast 20\S+$/);
  assert.ok(geography.tables[0]!.built!.getTime() > Date.UTC(2026, 0));
});

test('an answer tells its sources, and what they say of themselves', () => {
  const { sources, agreement, operator } = geography.lookup('47.74.1.1');
  assert.match(
    sources.join('; '),
    /^located=US by geo-whois-asn-country 2026-\d\d-\d\d; registered=US by asn-country 2026-06-17; operated=CN by operators 20\S+, inferred$/,
  );
  assert.deepEqual([agreement, operator], ['single', 'Alibaba']);
});

/** A table of one country for the prefix 47.74.0.0/15, as the CSV of ip-location-db has it. */
function oneCountry(name: string, country: string): TableFile {
  return { name, built, csv: readCountries({ name, ipv4: Buffer.from(`793378816,793509887,${country}\n`), ipv6: Buffer.alloc(0) }) };
}

test('tables that differ are shown side by side: the first answers, the others dispute it', () => {
  const several = new Geography({
    ...tables,
    located: [oneCountry('city', 'JP'), oneCountry('whois', 'US'), oneCountry('routing', 'CN'), oneCountry('again', 'CN')],
  });
  const disputed = several.lookup('47.74.1.1');
  assert.deepEqual([disputed.located, disputed.agreement, disputed.disputed], ['JP', 'disputed', ['US', 'CN']]);
  assert.deepEqual(disputed.claims.filter(({ dimension }) => dimension === 'located').map(({ country, source }) => `${country} ${source}`),
    ['JP city 2026-06-17', 'US whois 2026-06-17', 'CN routing 2026-06-17', 'CN again 2026-06-17']);
  assert.equal(agreementOf(disputed.claims, 'registered'), 'single');
  const agreed = new Geography({ ...tables, located: [oneCountry('a', 'JP'), oneCountry('b', 'JP')] }).lookup('47.75.255.255');
  assert.deepEqual([agreed.located, agreed.agreement, agreed.disputed], ['JP', 'agreed', []]);
  const elsewhere = several.lookup('47.76.0.0');
  assert.deepEqual([elsewhere.located, elsewhere.unlocated, elsewhere.agreement, elsewhere.operated], ['', 'not in the tables', '', 'CN']);
});

test('anycast makes the location indeterminate, not the operator', () => {
  const resolver = geography.lookup('8.8.8.8');
  assert.deepEqual(
    [resolver.located, resolver.unlocated, resolver.anycast, resolver.operated, resolver.agreement],
    ['', 'anycast', '8.8.8.0/24', 'US', ''],
  );
  assert.match(resolver.sources.join(), /located=US by /, 'what the table says is still shown');
  assert.deepEqual([geography.lookup('223.5.5.5').located, geography.lookup('223.5.5.5').operated], ['', 'CN']);
  assert.equal(geography.lookup('2606:4700:4700::1111').anycast, '2606:4700:4700::/48', 'of nested prefixes the longest is named');
  assert.equal(geography.lookup('8.8.9.8').anycast, '');
  const replaced = new Geography({ ...tables, anycast: { name: 'full.csv', text: 'prefix,probe_ip\n47.74.0.0/15,47.74.0.9\n' } });
  assert.deepEqual([replaced.lookup('47.74.1.1').unlocated, replaced.lookup('8.8.8.8').anycast], ['anycast', '']);
  assert.match(replaced.version, /anycast full\.csv$/);
});

test('a list of anycast prefixes with a mistake is refused with its line', () => {
  assert.throws(
    () => parseAnycast('# version: 2026-01-01\n1.1.1.0/24,1.1.1.1\n1.1.1.0/33,x\n', 'a.csv'),
    /^LocatedError: a\.csv:3:1: error: "1\.1\.1\.0\/33" is not a prefix/,
  );
});

test("a company's own operators go before those that ship: by prefix, network and domain", () => {
  const company = { name: 'company.yaml', text: [
    "version: '7'", 'operators:',
    '  - { operator: Own relay, controlled_from: DE, prefixes: [47.74.1.0/24], confidence: documented, source: contract }',
    '  - { operator: Alibaba here, controlled_from: SG, asns: [45102], domains: [relay.example.com], confidence: documented, source: contract }',
  ].join('\n') };
  const own = new Geography({ ...tables, operators: [company, ...tables.operators] });
  assert.deepEqual(['47.74.1.1', '47.74.2.1', '52.81.151.250'].map((ip) => own.lookup(ip).operated), ['DE', 'SG', 'CN']);
  assert.equal(own.operatorOfDomain('a.Relay.example.com.')?.controlledFrom, 'SG');
  assert.equal(own.operatorOfDomain('notrelay.example.com'), undefined);
  assert.match(own.version, /company 7, operators 20/);
  assert.throws(
    () =>
      new Geography({
        ...tables,
        operators: [
          { name: 'c.yaml', text: "version: '1'\noperators:\n  - { operator: A, controlled_from: DE, confidence: inferred, source: s }\n" },
        ],
      }),
    /c\.yaml:3:5: error: .*an operator needs/,
  );
});

test('numeric and text lookups give the same place', () => {
  const next = mulberry32(7);
  const words = new Uint32Array(4);
  for (let i = 0; i < 20_000; i += 1) {
    for (let word = 0; word < 4; word += 1) words[word] = next();
    assert.equal(geography.lookupIpv4(words[0]!), geography.lookup(formatAddress(4, words)));
    words[0] = 0x2000_0000 + (words[0]! & 0x1fff_ffff);
    assert.equal(geography.lookupIpv6(words), geography.lookup(formatAddress(6, words)));
  }
});
