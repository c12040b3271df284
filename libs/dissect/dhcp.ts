import { formatMac } from './address.ts';
import { FieldList } from './fieldlist.ts';
import { readLabels } from './labels.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { DatagramProtocol } from './protocol.ts';
import { paddedText } from './text.ts';

/**
 * DHCP for IPv4 (RFC 2131): the client's host name, and its hardware address if a relay carries that out of its network. Inside the network,
 * every frame contains it anyway.
 */
export const dhcp: DatagramProtocol = {
  name: 'dhcp',
  recognise: (payload) =>
    payload.length > optionsStart && (payload[0] === REQUEST || payload[0] === REPLY) && payload.readUInt32BE(magicAt) === MAGIC,
  read(payload, context, environment): Message {
    const message = createMessage('dhcp', cleartext, context);
    const fields = new FieldList(message, environment);
    const isSound = visitOptions(payload, (code, value) => {
      // A server repeats what the client sent.
      if (payload[0] === REPLY) return;
      if (code === HOST_NAME) fields.add('dhcp.host_name', 'dhcp_host_name', paddedText(value, 'utf8'));
      else if (code === CLIENT_FQDN) fields.add('dhcp.client_fqdn', 'dhcp_host_name', readFqdn(value));
    });
    if (payload[0] === REQUEST && isRelayed(payload))
      fields.add('dhcp.client_mac', 'mac', formatMac(payload, hardwareAt));
    if (!isSound) environment.counters.add('dhcp', 'malformed option');
    return message;
  },
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'DHCP' };

const REQUEST = 1;
const REPLY = 2;
/** RFC 2131, section 3: 99, 130, 83, 99. */
const MAGIC = 0x63825363;
const [ETHERNET, ETHERNET_BYTES] = [1, 6];
/** Offsets of `giaddr` and `chaddr`, and the length of what precedes the options (RFC 2131, section 2). */
const relayAt = 24;
const hardwareAt = 28;
const magicAt = 236;
const optionsStart = 240;

const PAD = 0;
const HOST_NAME = 12;
const CLIENT_FQDN = 81;
const END = 255;

/** Whether the client is on Ethernet and the message has a relay's address (RFC 2131, section 4.1). */
function isRelayed(payload: Buffer): boolean {
  return payload[1] === ETHERNET && payload[2] === ETHERNET_BYTES && payload.readUInt32BE(relayAt) !== 0;
}

/** Visits the options (RFC 2132, section 2); false if one does not fit. The end option may be missing. */
function visitOptions(payload: Buffer, visit: (code: number, value: Buffer) => void): boolean {
  let position = optionsStart;
  while (position < payload.length) {
    const code = payload[position]!;
    if (code === END) return true;
    if (code === PAD) {
      position++;
      continue;
    }
    const length = payload[position + 1];
    if (length === undefined || position + 2 + length > payload.length) return false;
    visit(code, payload.subarray(position + 2, position + 2 + length));
    position += 2 + length;
  }
  return true;
}

/** Flags and two obsolete codes, then a name, either as text or, with flag E, in labels (RFC 4702, section 2). */
function readFqdn(value: Buffer): string {
  if (value.length <= 3) return '';
  return (value[0]! & 0x04) === 0 ? paddedText(value.subarray(3), 'utf8') : readLabels(value, 3);
}
