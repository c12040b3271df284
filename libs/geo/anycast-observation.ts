import { BoundedCache } from './bounded-cache.ts';
import { distance, type Position } from './distance.ts';

interface Observation {
  readonly probe: string;
  readonly position: Position;
  /** Upper bound of its distance, km: the least that any round trip gave. */
  readonly limit: number;
}

/**
 * Detects addresses that answer from more than one place: the round trips to two probes bound its distance from each, and the two circles
 * do not touch. No single place explains both (the method of anycast censuses, such as Cicalese et al., "Characterizing IPv4 Anycast
 * Adoption and Deployment", CoNEXT 2015). Something on the way that answers on behalf of others looks the same; then the place is just as unknown.
 */
export class AnycastObserver {
  readonly #observations: BoundedCache<readonly Observation[]>;

  /** At most twice `capacity` addresses are remembered, each with its nearest round trip per probe. */
  constructor(capacity = 65_536) {
    this.#observations = new BoundedCache(capacity);
  }

  /** Records that `ip` answered `probe` from within `limit` km. Returns the two probes that prove it anycast, `fra and sin`, or ''. */
  observe(ip: string, probe: string, position: Position, limit: number): string {
    const known = this.#observations.get(ip) ?? [];
    const own = known.find((one) => one.probe === probe);
    let observations = known;
    if (own === undefined || limit < own.limit) {
      observations = [...known.filter((one) => one !== own), { probe, position, limit }];
      this.#observations.set(ip, observations);
    }
    return proof(observations);
  }

  /** The proof found earlier for an address, for a record without a round trip of its own; '' when there is none. */
  proofOf(ip: string): string {
    return proof(this.#observations.get(ip) ?? []);
  }
}

function proof(observations: readonly Observation[]): string {
  for (const [i, a] of observations.entries()) {
    for (const b of observations.slice(i + 1)) {
      if (distance(a.position, b.position) > a.limit + b.limit) return [a.probe, b.probe].toSorted().join(' and ');
    }
  }
  return '';
}
