import { password, response, userName } from './login.ts';
import type { NamedValue } from './named-value.ts';
import { ByteReader } from './reader.ts';

/** RFC 1662: all stations, unnumbered information; some implementations omit both. */
const ADDRESS_AND_CONTROL = 0xff03;
/** https://www.iana.org/assignments/ppp-numbers */
const [PAP, CHAP, EAP] = [0xc023, 0xc223, 0xc227];
const AUTHENTICATE_REQUEST = 1;
const RESPONSE = 2;
const [IDENTITY, MD5_CHALLENGE] = [1, 4];
/** Length of an MD5 response, and of Microsoft's, where the NT response follows the LAN Manager one or a challenge (RFC 2433, 2759). */
const [MD5_BYTES, MS_BYTES] = [16, 49];
const NT_AT = 24;

/**
 * The login in a PPP frame: PAP (RFC 1334, section 2) contains user and password, CHAP (RFC 1994) the user and the response to a challenge, EAP (RFC
 * 3748) an identity. Null if the frame is none of these.
 */
export function pppLogin(frame: Buffer): NamedValue[] | null {
  const reader = new ByteReader(frame);
  let protocol = reader.u16();
  if (protocol === ADDRESS_AND_CONTROL) protocol = reader.u16();
  if (protocol !== PAP && protocol !== CHAP && protocol !== EAP) return null;
  const code = reader.u8();
  reader.skip(1);
  const body = reader.take(Math.max(0, reader.u16() - 4));
  const values = protocol === PAP ? readPap(code, body) : protocol === CHAP ? readChap(code, body) : readEap(code, body);
  return reader.failed || body.failed ? null : values;
}

function readPap(code: number, body: ByteReader): NamedValue[] {
  if (code !== AUTHENTICATE_REQUEST) return [];
  const user = body.take(body.u8()).text();
  return [userName(user), password(body.take(body.u8()).text())];
}

function readChap(code: number, body: ByteReader): NamedValue[] {
  if (code !== RESPONSE) return [];
  const value = body.take(body.u8()).rest();
  return [userName(body.text()), ...answer(value)];
}

function readEap(code: number, body: ByteReader): NamedValue[] {
  if (code !== RESPONSE) return [];
  const type = body.u8();
  if (type === IDENTITY) return [userName(body.text())];
  return type === MD5_CHALLENGE ? answer(body.take(body.u8()).rest()) : [];
}

function answer(value: Buffer): NamedValue[] {
  if (value.length === MS_BYTES) return [response(value.subarray(NT_AT, MS_BYTES - 1))];
  return value.length === MD5_BYTES ? [response(value)] : [];
}
