import type { FlowRecord } from '#flow';
import { headerValue, mediaType, type Header } from './http-head.ts';
import { setRequestHops, setResponseHops } from './http-hops.ts';
import { setTargetFacts, type Target } from './http-target.ts';
import type { DissectEnvironment } from './options.ts';
import { decodeUtf8 } from './urlencoded.ts';

/** A request, and what is needed from it for its response. */
export interface Exchange {
  method: string;
  domain: string;
  destinationDomain: string;
  answered: boolean;
}

/** Including the names in it. */
const bytesPerExchange = 512;

/** The queue of most connections most of the time; an emptied array would keep its capacity. Never written to. */
const nonePending: Exchange[] = [];

/** The requests of one connection that are still without a response. */
export class Exchanges {
  #pending: Exchange[] = nonePending;
  readonly #environment: DissectEnvironment;
  /** The protocol, in lower case, to which the connection was upgraded (101); '' while it is HTTP/1. */
  upgradedTo = '';

  constructor(environment: DissectEnvironment) {
    this.#environment = environment;
  }

  get heldBytes(): number {
    return this.#pending.length * bytesPerExchange;
  }

  add(exchange: Exchange): void {
    if (this.#pending.length >= this.#environment.options.maxPipelined) {
      this.#pending.shift();
      this.#environment.counters.add('http', 'bounded pipelined requests');
    }
    if (this.#pending === nonePending) this.#pending = [exchange];
    else this.#pending.push(exchange);
  }

  /** Removes and returns the oldest request, to which the final response that has arrived belongs. */
  answer(): Exchange | undefined {
    if (this.#pending === nonePending) return undefined;
    const exchange = this.#pending.shift();
    if (exchange !== undefined) exchange.answered = true;
    if (this.#pending.length === 0) this.#pending = nonePending;
    return exchange;
  }

  /** Responses were lost, so it is unknown which requests they belonged to. */
  forget(): void {
    this.#pending = nonePending;
  }
}

/** The parts of a request from which facts are derived. `host` applies if the target has none. */
export interface RequestHead {
  readonly method: string;
  readonly target: Target;
  readonly host: string;
  readonly headers: readonly Header[];
}

/** Sets the facts about a request's destination, user and client software. Returns what its response will need. */
export function setRequestFacts(
  facts: Partial<FlowRecord>,
  { method, target, host, headers }: RequestHead,
  environment: DissectEnvironment,
): Exchange {
  facts['http.request.method'] = method;
  setTargetFacts(facts, target, host, environment);
  setRequestHops(facts, method, target, headers);
  const agent = headerValue(headers, 'user-agent');
  if (agent !== '') facts['user_agent.original'] = decodeUtf8(agent);
  const type = mediaType(headerValue(headers, 'content-type'));
  if (type !== '') facts['http.request.mime_type'] = type;
  return { method, domain: facts['url.domain'] ?? '', destinationDomain: facts['destination.domain'] ?? '', answered: false };
}

/** A response refers to its request by host and method only: path and query may hold identifiers, which are in the request's fields. */
export function setResponseFacts(facts: Partial<FlowRecord>, status: number, headers: readonly Header[], exchange: Exchange | undefined): void {
  facts['http.response.status_code'] = status;
  if (exchange !== undefined) {
    facts['http.request.method'] = exchange.method;
    if (exchange.domain !== '') facts['url.domain'] = exchange.domain;
    if (exchange.destinationDomain !== '') {
      facts['destination.domain'] = exchange.destinationDomain;
      facts['telltale.destination.domain_source'] = 'http';
    }
  }
  setResponseHops(facts, status, headerValue(headers, 'location'));
}
