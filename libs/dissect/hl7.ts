import { FieldList } from './fieldlist.ts';
import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import type { Recognition } from './protocol.ts';

/**
 * HL7 version 2 over MLLP, by which hospital systems exchange patient data. A message is enclosed in 0x0B and 0x1C 0x0D; its segments are lines,
 * of which PID describes the person (HL7 v2.5, chapter 3.4.2). The first segment defines the separators.
 */
export const hl7 = framedProtocol('hl7', recogniseHl7, () => new Hl7Reader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'HL7' };

const start = Buffer.from('\x0bMSH');
const end = Buffer.from('\x1c\r');

/** Fields of PID by number, and their keys. */
const personFields: readonly (readonly [number: number, name: string, key: string])[] = [
  [2, 'id', 'patient_id'],
  [3, 'id', 'patient_id'],
  [4, 'id', 'patient_id'],
  [5, 'name', 'patient_name'],
  [7, 'birth_date', 'birth_date'],
  [11, 'address', 'address'],
  [13, 'home_phone', 'phone'],
  [14, 'business_phone', 'phone'],
  [18, 'account', 'account_number'],
  [19, 'social_security', 'ssn'],
];
const NAME = 5;
const ADDRESS = 11;

function recogniseHl7(bytes: Buffer): Recognition {
  const length = Math.min(bytes.length, start.length);
  if (bytes.compare(start, 0, length, 0, length) !== 0) return 'no';
  return length === start.length ? 'yes' : 'more';
}

class Hl7Reader implements FrameReader {
  lengthOf(bytes: Buffer): number {
    if (bytes[0] !== start[0]) return -1;
    const found = bytes.indexOf(end);
    return found < 0 ? 0 : found + end.length;
  }

  read(bytes: Buffer, context: FrameContext): Message {
    const message = createMessage('hl7', cleartext, context);
    const fields = new FieldList(message, context);
    const text = bytes.toString('utf8', 1, bytes.length - end.length);
    const [separator, component, repetition] = [text[3] ?? '|', text[4] ?? '^', text[5] ?? '~'];
    for (const segment of text.split(/[\r\n]+/)) {
      if (!segment.startsWith(`PID${separator}`)) continue;
      const values = segment.split(separator, 20);
      for (const [number, name, key] of personFields) {
        for (const value of (values[number] ?? '').split(repetition, 8)) {
          const parts = value.split(component);
          const whole = number === NAME ? [parts[1], parts[0]] : number === ADDRESS ? [parts[0], parts[4], parts[2]] : [parts[0]];
          fields.add(`hl7.pid.${name}`, key, whole.filter((part) => part !== undefined && part !== '').join(' '));
        }
      }
    }
    return message;
  }
}
