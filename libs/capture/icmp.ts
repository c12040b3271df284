import { ICMPV6 } from './protocols.ts';

/**
 * Pairs of ICMP request and response types, as in Zeek and Community ID, request first.
 * https://github.com/corelight/pycommunityid, communityid/icmp.py and icmp6.py
 */
const pairs = [[8, 0], [13, 14], [15, 16], [10, 9], [17, 18]] as const;
const pairsV6 = [[128, 129], [130, 131], [133, 134], [135, 136], [139, 140], [144, 145]] as const;

const NONE = -1;
const [counterparts, replies] = tables(pairs);
const [counterpartsV6, repliesV6] = tables(pairsV6);

function tables(of: readonly (readonly [number, number])[]): [Int16Array, Uint8Array] {
  const counterpart = new Int16Array(256).fill(NONE);
  const reply = new Uint8Array(256);
  for (const [request, answer] of of) {
    counterpart[request] = answer;
    counterpart[answer] = request;
    reply[answer] = 1;
  }
  return [counterpart, reply];
}

/** A message that is neither a request nor a response, such as "destination unreachable". */
export function isOneWayIcmp(transport: number, type: number): boolean {
  return icmpCounterpart(transport, type) === NONE;
}

/** The type of the response to `type`, or of the request for it; -1 if there is none. */
export function icmpCounterpart(transport: number, type: number): number {
  return (transport === ICMPV6 ? counterpartsV6 : counterparts)[type]!;
}

export function isIcmpReply(transport: number, type: number): boolean {
  return (transport === ICMPV6 ? repliesV6 : replies)[type] === 1;
}
