import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { boxedCountries, boxesOf } from './country-boxes.ts';
import { distance, distanceLimit, distanceToBox, isBeyond, type Position } from './distance.ts';

const position = fc.record({ latitude: fc.double({ min: -90, max: 90, noNaN: true }), longitude: fc.double({ min: -180, max: 180, noNaN: true }) });
/** zone.tab of the tz database, public domain: a place in every country, most with several. */
const zoneTable = '/usr/share/zoneinfo/zone.tab';
const placesOfZones = existsSync(zoneTable) ? readPlaces(readFileSync(zoneTable, 'utf8')) : [];
const skip = placesOfZones.length === 0 && `${zoneTable} is not installed (package tzdata): the country boxes are not checked`;

function readPlaces(text: string): { country: string; name: string; position: Position }[] {
  return text.split('\n').filter((line) => /^[A-Z]{2}\t/.test(line)).map((line) => {
    const [country = '', coordinates = '', name = ''] = line.split('\t');
    const [, latitude = '', longitude = ''] = /^([+-]\d+)([+-]\d+)$/.exec(coordinates)!;
    return { country, name, position: { latitude: degrees(latitude, 2), longitude: degrees(longitude, 3) } };
  });
}

/** ±DDMM, ±DDMMSS (latitude) or with three digits of degrees (longitude), ISO 6709. */
function degrees(text: string, digits: number): number {
  const [whole, minutes, seconds] = [text.slice(1, 1 + digits), text.slice(1 + digits, 3 + digits), text.slice(3 + digits)].map(Number) as [
    number,
    number,
    number,
  ];
  return (text.startsWith('-') ? -1 : 1) * (whole + minutes / 60 + seconds / 3600);
}

test('great circles: distances between cities', () => {
  const frankfurt = { latitude: 50.11, longitude: 8.68 };
  assert.ok(Math.abs(distance(frankfurt, { latitude: 39.9, longitude: 116.4 }) - 7_790) < 30);
  assert.ok(Math.abs(distance(frankfurt, { latitude: 52.37, longitude: 4.9 }) - 365) < 10);
  assert.equal(distanceLimit(1_000), 100);
});

test('no point of a box is nearer than the distance to the box says', () => {
  const fraction = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(position, fc.constantFrom(...boxedCountries), fraction, fraction, (from, country, a, b) => {
    for (const box of boxesOf(country)) {
      const inside = { latitude: box.south + a * (box.north - box.south), longitude: box.west + b * (box.east - box.west) };
      assert.ok(distance(from, inside) >= distanceToBox(from, box) - 0.001, `${country} from ${JSON.stringify(from)}`);
    }
  }), { numRuns: 5_000 });
});

test('every country has boxes, and they hold its places', { skip }, () => {
  assert.deepEqual(
    placesOfZones.filter(({ country, position: at }) => !boxesOf(country).some((box) => distanceToBox(at, box) === 0)).map(({ name }) => name),
    [],
  );
});

test('an answer that light could bring from a place of the country never disproves it', { skip }, () => {
  fc.assert(fc.property(position, fc.constantFrom(...placesOfZones), fc.double({ min: 1, max: 4, noNaN: true }), (probe, place, detour) => {
    const rttMicros = Math.floor(distance(probe, place.position) * 10 * detour) + 1;
    assert.ok(!isBeyond(place.country, probe, distanceLimit(rttMicros)), place.name);
  }), { numRuns: 5_000 });
});

test('a country wholly outside the circle is disproved, one that touches it is not', () => {
  const frankfurt = { latitude: 50.11, longitude: 8.68 };
  const within = (rttMillis: number, country: string): boolean => !isBeyond(country, frankfurt, distanceLimit(rttMillis * 1_000));
  assert.deepEqual(['CN', 'US', 'JP', 'RU'].map((country) => within(8, country)), [false, false, false, true]);
  assert.deepEqual(['DE', 'NL', 'FR', 'PL'].map((country) => within(8, country)), [true, true, true, true]);
  assert.equal(within(1, 'FI'), false);
  assert.equal(within(160, 'CN'), true);
  assert.equal(isBeyond('EU', frankfurt, 1), false, 'a code that is no country of the table is never disproved');
});
