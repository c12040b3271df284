import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { createMessage, type Encryption, type Message } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition } from './protocol.ts';
import { ByteReader } from './reader.ts';
import { textUpToZero } from './text.ts';

/**
 * Skinny (SCCP) between a telephone and Cisco's call manager (Wireshark's packet-skinny.c): the telephone, the user of its line, and who calls
 * whom.
 */
export const skinny = framedProtocol('skinny', recogniseSkinny, () => new SkinnyReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'Skinny' };

/** Length of what follows the first eight bytes, version, and message type: little-endian. */
const header = 12;
const longest = 2000;
const [KEEP_ALIVE, REGISTER] = [0, 1];
const [CALL_INFO, LINE, LINE_2, CALL_INFO_2] = [0x8f, 0x92, 0x147, 0x14a];
const versions = new Set([0, 0x0a, 0x0b, 0x0f, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16]);
/** From this version on, a number has one more byte. */
const LONG_NUMBERS = 0x12;
/** Sizes of names in messages with fixed layout. */
const [deviceBytes, nameBytes, numberBytes] = [16, 40, 24];

/** A telephone registers, by its kind and hardware address, or sends a keep-alive. */
function recogniseSkinny(bytes: Buffer): Recognition {
  for (let at = 1; at < Math.min(header, bytes.length); at++) if (bytes[at] !== 0 && at !== 4 && at !== 8) return 'no';
  if (bytes.length > 4 && !versions.has(bytes[4]!)) return 'no';
  if (bytes.length > 8 && bytes[8]! > REGISTER) return 'no';
  if (bytes.length < header) return 'more';
  // A version 0 message consists mainly of zeros, with which other protocols begin too.
  if (bytes[8] === KEEP_ALIVE) return bytes[0] === 4 && bytes[4] !== 0 ? 'yes' : 'no';
  if (bytes[0]! < deviceBytes + 4) return 'no';
  if (bytes.length < header + deviceBytes) return 'more';
  return /^[A-Z]{2,4}[0-9A-Za-z_-]{1,13}\0*$/.test(bytes.toString('latin1', header, header + deviceBytes)) ? 'yes' : 'no';
}

class SkinnyReader implements FrameReader {
  #told = false;

  lengthOf(bytes: Buffer): number {
    if (bytes.length < 8) return 0;
    const length = bytes.readUInt32LE(0);
    return length >= 4 && length <= longest && versions.has(bytes.readUInt32LE(4)) ? 8 + length : -1;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    const values = readMessage(bytes).filter(({ value }) => value !== '');
    if (values.length === 0 && this.#told) return null;
    this.#told = true;
    const message = createMessage('skinny', cleartext, context);
    addNamed(message, values, context);
    return message;
  }
}

function readMessage(bytes: Buffer): NamedValue[] {
  const reader = new ByteReader(bytes, header);
  const text = (length: number): string => textUpToZero(reader.take(length).rest());
  const digits = bytes[4]! >= LONG_NUMBERS ? numberBytes + 1 : numberBytes;
  switch (bytes.readUInt32LE(8)) {
    case REGISTER: return [{ name: 'device_name', key: 'device_id', value: text(deviceBytes) }];
    case LINE:
      reader.skip(4);
      return [number('line_number', text(digits)), name('line_name', text(nameBytes))];
    case LINE_2: {
      const [line = '', label = ''] = texts(bytes, header + 8);
      return [number('line_number', line), name('line_name', label)];
    }
    case CALL_INFO: return [
      name('calling_name', text(nameBytes)), number('calling_number', text(digits)),
      name('called_name', text(nameBytes)), number('called_number', text(digits)),
    ];
    case CALL_INFO_2: {
      // After eight integers: calling, alternative, called, original and last number, four voice mailboxes, then the names of caller and callee.
      const [calling = '', , called = '', , , , , , , callingName = '', calledName = ''] = texts(bytes, header + 32);
      return [name('calling_name', callingName), number('calling_number', calling), name('called_name', calledName), number('called_number', called)];
    }
    default: return [];
  }
}

function name(path: string, value: string): NamedValue {
  return { name: path, key: 'display_name', value };
}

function number(path: string, value: string): NamedValue {
  return { name: path, key: 'caller_number', value };
}

/** Zero-terminated texts, up to the end. */
function texts(bytes: Buffer, start: number): string[] {
  return bytes.toString('utf8', Math.min(start, bytes.length)).split('\0');
}
