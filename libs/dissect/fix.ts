/* oxlint-disable no-control-regex */
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { password, userName } from './login.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition } from './protocol.ts';

/** FIX, the protocol of securities trading (https://www.fixtrading.org/standards/tagvalue-online/): logins, and the accounts of orders. */
export const fix = framedProtocol('fix', recogniseFix, () => new FixReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'FIX' };

/** Version and body length; the body is followed by a checksum of seven bytes. */
const head = /^8=FIXT?\.\d\.\d\x019=(\d{1,7})\x01/;
const begun = '8=FIX';
const longestHead = 24;
const trailer = 7;

function recogniseFix(bytes: Buffer): Recognition {
  const text = bytes.toString('latin1', 0, longestHead);
  if (!text.startsWith(begun.slice(0, text.length))) return 'no';
  if (head.test(text)) return 'yes';
  return text.length < longestHead ? 'more' : 'no';
}

/** Fields by tag number: those of a logon, and the account of an order. */
const fields: Record<string, ((value: string) => NamedValue) | undefined> = {
  1: (value) => ({ name: 'account', key: 'account_id', value }),
  553: userName,
  554: password,
  925: password,
};

class FixReader implements FrameReader {
  readonly encryption = cleartext;
  #begun = false;

  lengthOf(bytes: Buffer): number {
    const start = head.exec(bytes.toString('latin1', 0, longestHead));
    if (start === null) return recogniseFix(bytes) === 'no' ? -1 : 0;
    return start[0].length + Number(start[1]) + trailer;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const values: NamedValue[] = [];
    for (const [, tag, value] of bytes.toString('utf8').matchAll(/(?<=\x01)(\d{1,4})=([^\x01]*)\x01/g)) {
      const read = fields[tag!];
      if (read !== undefined) values.push(read(value!));
    }
    if (this.#begun && values.length === 0) return null;
    this.#begun = true;
    const message = createMessage('fix', cleartext, context);
    addNamed(message, values, context);
    return message;
  }

  content(bytes: Buffer): Buffer {
    return bytes;
  }
}
