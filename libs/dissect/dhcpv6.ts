import { FieldList } from './fieldlist.ts';
import { readLabels } from './labels.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DatagramProtocol } from './protocol.ts';

/** DHCP for IPv6 (RFC 8415): the client's host name. Hardware identifiers are skipped, as with DHCP for IPv4. */
export const dhcpv6: DatagramProtocol = {
  name: 'dhcpv6',
  recognise: (payload, { sourcePort, destinationPort }) =>
    (isPort(sourcePort) || isPort(destinationPort)) &&
    ofClients.has(payload[0]!) &&
    payload.length > optionsAt(payload) &&
    visitOptions(payload, optionsAt(payload), () => {}),
  read(payload, context, environment): Message {
    const message = createMessage('dhcpv6', cleartext, context);
    const fields = new FieldList(message, environment);
    const read = (message: Buffer, depth: number): void => {
      visitOptions(message, optionsAt(message), (code, value) => {
        // Flags, then the name in labels (RFC 4704, section 4).
        if (code === CLIENT_FQDN) fields.add('dhcpv6.client_fqdn', 'dhcp_host_name', readLabels(value, 1));
        else if (code === RELAYED && depth < mostRelays && value.length > 0) read(value, depth + 1);
      });
    };
    read(payload, 0);
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'DHCPv6' };

/** Solicit, request, confirm, renew, rebind, release, decline, information request, and relay-forward (RFC 8415, section 7.3). */
const ofClients = new Set([1, 3, 4, 5, 6, 8, 9, 11, 12]);
const RELAY_FORWARD = 12;
const CLIENT_FQDN = 39;
const RELAYED = 9;
const mostRelays = 8;

const isPort = (port: number): boolean => port === 546 || port === 547;

/** Options follow type and transaction id; in a relay message, hop count and two addresses (RFC 8415, sections 8 and 9). */
function optionsAt(message: Buffer): number {
  return message[0] === RELAY_FORWARD ? 34 : 4;
}

/** Visits the options (RFC 8415, section 21.1); false if one does not fit. */
function visitOptions(message: Buffer, start: number, visit: (code: number, value: Buffer) => void): boolean {
  let position = start;
  while (position + 4 <= message.length) {
    const end = position + 4 + message.readUInt16BE(position + 2);
    if (end > message.length) return false;
    visit(message.readUInt16BE(position), message.subarray(position + 4, end));
    position = end;
  }
  return position === message.length;
}
