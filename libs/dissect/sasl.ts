import { credentials, password, response, userName } from './login.ts';
import type { NamedValue } from './named-value.ts';
import { ntlmLogin } from './ntlm.ts';

/** Longest response that is decoded, in characters. */
const longestResponse = 12288;

/**
 * The client's side of a SASL exchange (RFC 4422) in text protocols, where each response is in base64.
 *
 * Its values are under `login`: `user_name`, `password`, `access_token`, and `response`, the answer to a challenge.
 */
export class SaslExchange {
  readonly #mechanism: string;
  #responses = 0;

  constructor(mechanism: string) {
    this.#mechanism = mechanism.toUpperCase();
  }

  /** The client sends nothing more of interest, whether or not the server's reply was seen. */
  get finished(): boolean {
    switch (this.#mechanism) {
      case 'PLAIN': case 'XOAUTH2': case 'OAUTHBEARER': case 'CRAM-MD5': return this.#responses >= 1;
      default: return this.#responses >= 2;
    }
  }

  /** The values in the client's next response, given in base64. `=` denotes an empty one (RFC 4954, section 4). */
  response(written: string): NamedValue[] {
    const number = this.#responses++;
    if (written === '*') this.#responses = 2;
    if (written === '=' || written === '*' || written === '' || written.length > longestResponse) return [];
    return this.#read(Buffer.from(written, 'base64'), number).map((value) => ({ ...value, encoding: 'base64' }));
  }

  /** The values in a response that is not base64-encoded. */
  plain(response: Buffer): NamedValue[] {
    return response.length > longestResponse ? [] : this.#read(response, this.#responses++);
  }

  #read(bytes: Buffer, number: number): NamedValue[] {
    const text = bytes.toString('utf8');
    switch (this.#mechanism) {
      case 'PLAIN': return readPlain(text);
      case 'LOGIN': return number === 0 ? [userName(text)] : number === 1 ? [password(text)] : [];
      case 'XOAUTH2': case 'OAUTHBEARER': return readBearer(text);
      case 'CRAM-MD5': return readCramMd5(text);
      case 'DIGEST-MD5': return readDigest(text);
      case 'NTLM': case 'GSS-SPNEGO': return ntlmLogin(bytes);
      default: return this.#mechanism.startsWith('SCRAM-') ? readScram(text, number) : [];
    }
  }
}

/** `[authzid] NUL authcid NUL passwd` (RFC 4616). */
function readPlain(text: string): NamedValue[] {
  const [, user, secret] = text.split('\0');
  return user === undefined || secret === undefined ? [] : credentials(user, secret);
}

/**
 * `user=… ^A auth=Bearer … ^A ^A` (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol), or with a GS2 header
 * `n,a=…,` instead of the user (RFC 7628, section 3.1).
 */
function readBearer(text: string): NamedValue[] {
  const values: NamedValue[] = [];
  // oxlint-disable-next-line no-control-regex
  for (const part of text.split(/[\x01\0]/)) {
    const user = /^user=(.+)$/.exec(part) ?? /^[nyp][^,]*,a=([^,]+)/.exec(part);
    if (user !== null) values.push(userName(user[1]!));
    const token = /^auth=\w+ +(.+)$/i.exec(part);
    if (token !== null) values.push({ name: 'login.access_token', key: 'access_token', value: token[1]! });
  }
  return values;
}

/** `user digest` (RFC 2195, section 2). */
export function readCramMd5(text: string): NamedValue[] {
  const [, user, digest] = /^(.+) ([0-9a-f]{32})\s*$/i.exec(text) ?? [];
  return user === undefined ? [] : [userName(user), response(digest!)];
}

/** `username="…",realm="…",…,response=…` (RFC 2831, section 2.1.2). */
function readDigest(text: string): NamedValue[] {
  const user = /(?:^|,)\s*username="((?:[^"\\]|\\.)*)"/i.exec(text);
  const digest = /(?:^|,)\s*response=([0-9a-f]{32})(?:,|$)/i.exec(text);
  return [...(user === null ? [] : [userName(user[1]!.replace(/\\(.)/g, '$1'))]), ...(digest === null ? [] : [response(digest[1]!)])];
}

/** First `n,,n=user,r=nonce`, then `c=…,r=nonce,p=proof` (RFC 5802, section 5.1). */
function readScram(text: string, number: number): NamedValue[] {
  if (number > 0) {
    const proof = /^c=[^,]+,r=[^,]+,(?:[^,]+,)*p=([A-Za-z0-9+/]+={0,2})$/.exec(text);
    return proof === null ? [] : [response(proof[1]!)];
  }
  const user = /^[nyp][^,]*,(?:a=[^,]*)?,n=([^,]+)/.exec(text);
  return user === null ? [] : [userName(user[1]!.replaceAll('=2C', ',').replaceAll('=3D', '='))];
}
