import type { FlowRecord } from '#flow';
import type { DissectCounters } from './counters.ts';

/** A request, and what its response has to know of it. */
export interface Exchange {
  method: string;
  domain: string;
  destinationDomain: string;
  answered: boolean;
}

/** What most connections have, most of the time; an array that was emptied keeps its room. Never written to. */
const nonePending: Exchange[] = [];

/** The requests of one connection that have no response yet. */
export class Exchanges {
  #pending: Exchange[] = nonePending;
  readonly #maxPending: number;
  readonly #counters: DissectCounters;
  /** The protocol, in lower case, in which the connection went on (101); '' as long as it is HTTP/1. */
  upgradedTo = '';

  constructor(maxPending: number, counters: DissectCounters) {
    this.#maxPending = maxPending;
    this.#counters = counters;
  }

  add(exchange: Exchange): void {
    if (this.#pending.length >= this.#maxPending) {
      this.#pending.shift();
      this.#counters.add('http', 'bounded pipelined requests');
    }
    if (this.#pending === nonePending) this.#pending = [exchange];
    else this.#pending.push(exchange);
  }

  /** The oldest request, which the final response that has come now answers. */
  answer(): Exchange | undefined {
    if (this.#pending === nonePending) return undefined;
    const exchange = this.#pending.shift();
    if (exchange !== undefined) exchange.answered = true;
    if (this.#pending.length === 0) this.#pending = nonePending;
    return exchange;
  }

  /** Responses were lost: which requests they answered is not known. */
  forget(): void {
    this.#pending = nonePending;
  }
}

/** The response names its request by host and method only: path and query may hold identifiers that stand in the request's fields. */
export function setResponseFacts(facts: Partial<FlowRecord>, status: number, exchange: Exchange | undefined): void {
  facts['http.response.status_code'] = status;
  if (exchange === undefined) return;
  facts['http.request.method'] = exchange.method;
  if (exchange.domain !== '') facts['url.domain'] = exchange.domain;
  if (exchange.destinationDomain !== '') {
    facts['destination.domain'] = exchange.destinationDomain;
    facts['telltale.destination.domain_source'] = 'http';
  }
}
