import { password } from './login.ts';
import { createMessage, type Message, type Origin } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { DissectEnvironment } from './options.ts';
import { pppLogin } from './ppp-login.ts';
import { ByteReader } from './reader.ts';
import { paddedText } from './text.ts';

/** A reader of logins directly over IP: the protocol's name, and the values found, null if there are none. */
interface IpPayload {
  readonly name: string;
  read(payload: Buffer): NamedValue[] | null;
}

/** By name of the IP protocol. */
const readers: Record<string, IpPayload | undefined> = {
  gre: { name: 'pptp', read: readPptp },
  ospf: { name: 'ospf', read: readOspf },
  vrrp: { name: 'vrrp', read: readVrrp },
};

/** Whether {@link dissectIpPayload} reads packets of that IP protocol, given by name. */
export function isIpPayloadRead(transport: string): boolean {
  return readers[transport] !== undefined;
}

/**
 * Reads a packet of an IP protocol that is not a transport for the logins in it: those of PPP in PPTP, and between routers. Null if it has none.
 */
export function dissectIpPayload(transport: string, payload: Buffer, origin: Origin, environment: DissectEnvironment): Message | null {
  const reader = readers[transport];
  const values = reader?.read(payload) ?? null;
  if (values === null) return null;
  const { name } = reader!;
  const message = createMessage(name, { verdict: 'cleartext', reason: name }, origin);
  addNamed(message, values, environment);
  environment.counters.add(name, 'messages');
  return message;
}

/** GRE of PPTP (RFC 2637, section 4.1): key, sequence number, version 1, PPP. */
const [PPTP, PPTP_MASK, PPP] = [0x3001, 0xff7f, 0x880b];
const ACKNOWLEDGEMENT = 0x0080;

function readPptp(payload: Buffer): NamedValue[] | null {
  const reader = new ByteReader(payload);
  const flags = reader.u16();
  if ((flags & PPTP_MASK) !== PPTP || reader.u16() !== PPP) return null;
  reader.skip((flags & ACKNOWLEDGEMENT) === 0 ? 8 : 12);
  return reader.failed ? null : pppLogin(reader.rest());
}

/** OSPF version 2 with a simple password (RFC 2328, section D.3): eight bytes, preceded by the authentication type. */
function readOspf(payload: Buffer): NamedValue[] | null {
  if (payload.length < 24 || payload[0] !== 2 || payload[1]! < 1 || payload[1]! > 5 || payload.readUInt16BE(14) !== 1) return null;
  return [password(paddedText(payload.subarray(16, 24)))];
}

/** VRRP version 2 with a simple password (RFC 2338, section 5.3.10): the last eight bytes, after the addresses. */
function readVrrp(payload: Buffer): NamedValue[] | null {
  if (payload[0] !== 0x21 || payload.length !== 16 + 4 * payload[3]! || payload[4] !== 1) return null;
  return [password(paddedText(payload.subarray(payload.length - 8)))];
}
