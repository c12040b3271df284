import { boxesOf, type Box } from './country-boxes.ts';

/** Degrees, north and east positive. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

/** Mean radius of the Earth (IUGG), km. */
const earthRadius = 6371.0088;
const radians = Math.PI / 180;

/**
 * Upper bound, in km, of the distance of a host that answered within `rttMicros`. Light in fibre travels at 2/3 of its speed in vacuum, so
 * that a millisecond there and back is 100 km one way, the figure that anycast censuses use. Cables are longer than great circles and
 * routers add delay, so the true distance is smaller. 0 when there is no round trip.
 */
export function distanceLimit(rttMicros: number): number {
  return Math.ceil(rttMicros / 10);
}

/** Whether all of the country is farther than `kilometres` from the position. False for an unknown code. */
export function isBeyond(country: string, position: Position, kilometres: number): boolean {
  const boxes = boxesOf(country);
  return boxes.length > 0 && boxes.every((box) => distanceToBox(position, box) > kilometres);
}

/** Great-circle distance in km. */
export function distance(a: Position, b: Position): number {
  const sine = Math.sin((b.latitude - a.latitude) * radians / 2) ** 2
    + Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * Math.sin((b.longitude - a.longitude) * radians / 2) ** 2;
  return 2 * earthRadius * Math.asin(Math.min(1, Math.sqrt(sine)));
}

/** Distance in km to the nearest point of the box; 0 inside. */
export function distanceToBox(from: Position, { south, north, west, east }: Box): number {
  if (from.longitude >= west && from.longitude <= east) {
    // A box is at most 360° wide and meridians are great circles: the nearest point lies on the position's own meridian.
    return Math.max(0, south - from.latitude, from.latitude - north) * radians * earthRadius;
  }
  return Math.min(distanceToMeridian(from, west, south, north), distanceToMeridian(from, east, south, north));
}

/** Distance in km to the nearest point of a meridian between two latitudes. */
function distanceToMeridian(from: Position, longitude: number, south: number, north: number): number {
  // Foot of the perpendicular (Napier): tan φ = tan φ₀ / cos Δλ; beyond 90° it lies on the far side, and an end is nearest.
  const foot =
    Math.atan2(Math.sin(from.latitude * radians), Math.cos(from.latitude * radians) * Math.cos((longitude - from.longitude) * radians)) / radians;
  const candidates = foot > south && foot < north ? [south, north, foot] : [south, north];
  return Math.min(...candidates.map((latitude) => distance(from, { latitude, longitude })));
}
