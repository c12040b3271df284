import type { FlowRecord } from '#flow';
import {
  distance, distanceLimit, isBeyond, placeless, type Agreement, type City, type Operator, type Place, type Position, type Site,
  type Unlocated,
} from '#geo';
import type { JudgedPlace } from '#rules';

const none: readonly string[] = Object.freeze([]);
/** A table gives the centre of a city; its hosts are within this distance of it, km. */
const cityRadius = 50;
const nowhere = placeless('reserved');

/**
 * What is known about one flow's peer: the tables' answer, with what the flow itself adds to it (the name by which it was reached, the
 * round-trip time of its handshake). One object is reused for all records, and keeps the tables' own lists if the flow adds nothing.
 */
export class PeerAnswer implements JudgedPlace {
  located = '';
  registered = '';
  operated = '';
  disputed: readonly string[] = none;
  registeredDisputed: readonly string[] = none;
  #place: Place = nowhere;
  #unlocated: Unlocated | 'disproved' = '';
  #agreement: Agreement = '';
  #operator = '';
  #site = '';
  #sources: readonly string[] = none;
  #disproved: readonly string[] = none;
  #limit = 0;
  #anycast = '';
  #city: City | undefined;

  start(place: Place): void {
    this.#place = place;
    this.located = place.located;
    this.registered = place.registered;
    this.operated = place.operated;
    this.disputed = place.disputed;
    this.registeredDisputed = place.registeredDisputed;
    this.#unlocated = place.unlocated;
    this.#agreement = place.agreement;
    this.#operator = place.operator;
    this.#site = '';
    this.#sources = place.sources;
    this.#disproved = none;
    this.#limit = 0;
    this.#anycast = place.anycast;
    this.#city = undefined;
  }

  /** A site code in the name is another source for the location, but never the answer: vendors can put anything into names. */
  claimSite(site: Site | undefined): void {
    if (site === undefined || this.#place.scope !== 'global') return;
    this.#site = `${site.country} ${site.place}`;
    this.#sources = [...this.#sources, `located=${site.country} by name (${site.code}, ${site.place})`];
    if (this.located === '') return;
    if (site.country === this.located) {
      if (this.#agreement === 'single') this.#agreement = 'agreed';
      return;
    }
    this.#agreement = 'disputed';
    if (!this.disputed.includes(site.country)) this.disputed = [...this.disputed, site.country];
  }

  /** A company may know better who operates a host than who announces its address. */
  overrideOperator(operator: Operator | undefined): void {
    if (operator === undefined || this.#place.scope !== 'global') return;
    this.operated = operator.controlledFrom;
    this.#operator = operator.name;
    this.#sources = [...this.#sources, `operated=${operator.controlledFrom} by ${operator.table}, ${operator.confidence}`];
  }

  /** Rules out the countries that light cannot reach and return from within the round-trip time. */
  bound(position: Position, rttMicros: number): void {
    this.#limit = distanceLimit(rttMicros);
    if (this.#place.scope !== 'global' || this.located === '') return;
    const beyond = (country: string): boolean => isBeyond(country, position, this.#limit);
    const disproved = [this.located, ...this.disputed].filter(beyond);
    if (disproved.length === 0) return;
    this.#disproved = disproved;
    this.disputed = this.disputed.filter((country) => !disproved.includes(country));
    if (!disproved.includes(this.located)) {
      if (this.disputed.length === 0) this.#agreement = 'single';
      return;
    }
    // The response may also come from a proxy on the way: the claim is disproved, but nothing replaces it.
    this.located = '';
    this.#unlocated = 'disproved';
  }

  /** Two probes have measured what no single place explains: the tables cannot locate it. */
  observeAnycast(probes: string): void {
    if (probes === '' || this.#place.scope !== 'global' || this.#anycast !== '') return;
    this.#anycast = `observed by ${probes}`;
    this.located = '';
    this.#unlocated = 'anycast';
    this.#agreement = '';
    this.disputed = none;
  }

  /** The city within the answer. One that the round-trip time rules out is left out, even if the country around it is not ruled out. */
  locate(city: City | undefined, position: Position | undefined): void {
    const isRuledOut = position !== undefined && city?.position !== undefined && distance(city.position, position) > this.#limit + cityRadius;
    this.#city = isRuledOut ? undefined : city;
  }

  fill(record: FlowRecord): void {
    record['telltale.peer.located'] = this.located;
    record['telltale.peer.registered'] = this.registered;
    record['telltale.peer.operated'] = this.operated;
    record['telltale.peer.agreement'] = this.#agreement;
    record['telltale.peer.disputed'] = this.disputed;
    record['telltale.peer.sources'] = this.#sources;
    record['telltale.peer.unlocated'] = this.#unlocated;
    record['telltale.peer.anycast'] = this.#anycast;
    record['telltale.peer.site'] = this.#site;
    record['telltale.peer.distance_limit'] = this.#limit;
    record['telltale.peer.disproved'] = this.#disproved;
    record['telltale.peer.operator'] = this.#operator;
    record['telltale.peer.registered_disputed'] = this.registeredDisputed;
    record['telltale.peer.city'] = this.#city?.name ?? '';
    record['telltale.peer.position'] = this.#city?.positionText ?? '';
  }
}
