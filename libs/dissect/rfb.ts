import { framedProtocol, type FrameContext, type FrameReader } from './framed.ts';
import { password, response, userName } from './login.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition } from './protocol.ts';

/**
 * RFB, the protocol of VNC (RFC 6143): how a client authenticates, whose desktop it displays, and whether the rest is encrypted. Security types
 * not in the RFC are those of https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst.
 */
export const rfb = framedProtocol('rfb', recogniseRfb, () => new RfbReader());

const cleartext: Encryption = { verdict: 'cleartext', reason: 'RFB' };
const encrypted: Encryption = { verdict: 'encrypted', reason: 'RFB security type' };
const opaque: Encryption = { verdict: 'opaque', reason: 'RFB security type' };

/** `RFB 003.008` and a line feed. */
const versionBytes = 12;
const [NONE, VNC, RA2, TLS, VENCRYPT, APPLE, RA2_256] = [1, 2, 5, 18, 19, 30, 129];
/** Subtypes of VeNCrypt: user and password in clear; the others start TLS. */
const [PLAIN, FIRST_TLS, LAST_TLS] = [256, 257, 263];
const challengeBytes = 16;
/** User and password of 64 bytes each, encrypted with the result of a Diffie-Hellman key exchange. */
const appleCredentials = 128;
const longestName = 512;
/** Size, pixel format, length of the name. */
const initBytes = 24;

const pattern = 'RFB ddd.ddd\n';

function recogniseRfb(bytes: Buffer): Recognition {
  const length = Math.min(bytes.length, versionBytes);
  for (let i = 0; i < length; i++) {
    const isDigit = bytes[i]! >= 0x30 && bytes[i]! <= 0x39;
    if (pattern[i] === 'd' ? !isDigit : bytes[i] !== pattern.charCodeAt(i)) return 'no';
  }
  return length === versionBytes ? 'yes' : 'more';
}

/** The next step of the handshake: which side sends it, its length (0: more bytes are needed to tell), and what it contains. */
interface Step {
  readonly by: 'server' | 'client';
  length(bytes: Buffer): number;
  read(bytes: Buffer, context: FrameContext): Message | null;
}

class RfbReader implements FrameReader {
  /** The server speaks first. */
  #server: Sender | null = null;
  #version = 0;
  /** Size of a number in Apple's key exchange. */
  #keyBytes = 0;
  #step: Step;

  constructor() {
    this.#step = this.#serverVersion;
  }

  lengthOf(bytes: Buffer, sender: Sender): number {
    const isServer = this.#server === null || sender === this.#server;
    return isServer === (this.#step.by === 'server') ? this.#step.length(bytes) : 0;
  }

  read(bytes: Buffer, context: FrameContext): Message | null {
    return this.#step.read(bytes, context);
  }

  readonly #serverVersion: Step = fixed('server', versionBytes, (_bytes, context) => {
    this.#server = context.sender;
    this.#step = this.#clientVersion;
    return tell(cleartext, context);
  });

  readonly #clientVersion: Step = fixed('client', versionBytes, (bytes) => {
    this.#version = Number(bytes.toString('latin1', 4, 7)) * 1000 + Number(bytes.toString('latin1', 8, 11));
    this.#step = this.#version < 3007 ? this.#securityType : this.#securityTypes;
    return null;
  });

  /** Before version 3.7 the server chooses. */
  readonly #securityType: Step = fixed('server', 4, (bytes, context) => this.#secure(bytes.readUInt32BE(0), context));

  readonly #securityTypes: Step = {
    by: 'server',
    length: (bytes) => 1 + bytes[0]!,
    read: (bytes, context) => {
      if (bytes[0] === 0) context.finish();
      this.#step = this.#choice;
      return null;
    },
  };

  readonly #choice: Step = fixed('client', 1, (bytes, context) => this.#secure(bytes[0]!, context));

  #secure(type: number, context: FrameContext): Message | null {
    switch (type) {
      case NONE: this.#step = this.#version >= 3008 ? this.#result : this.#serverInit; return null;
      case VNC: this.#step = this.#challenge; return null;
      case APPLE: this.#step = this.#appleKey; return null;
      case VENCRYPT: this.#step = this.#vencryptVersion('server', this.#vencryptVersion('client', this.#vencryptStatus)); return null;
      case TLS: context.restart(); return null;
      default:
        context.finish();
        return tell(type === RA2 || type === RA2_256 ? encrypted : opaque, context);
    }
  }

  readonly #challenge: Step = fixed('server', challengeBytes, () => {
    this.#step = this.#response;
    return null;
  });

  readonly #response: Step = fixed('client', challengeBytes, (bytes, context) => {
    this.#step = this.#result;
    return tell(cleartext, context, [response(bytes)]);
  });

  readonly #appleKey: Step = {
    by: 'server',
    length: (bytes) => (bytes.length < 4 ? 0 : 4 + 2 * bytes.readUInt16BE(2)),
    read: (bytes) => {
      this.#keyBytes = bytes.readUInt16BE(2);
      this.#step = this.#appleLogin;
      return null;
    },
  };

  readonly #appleLogin: Step = {
    by: 'client',
    length: () => appleCredentials + this.#keyBytes,
    read: () => {
      this.#step = this.#result;
      return null;
    },
  };

  #vencryptVersion(by: Step['by'], next: Step): Step {
    return fixed(by, 2, () => {
      this.#step = next;
      return null;
    });
  }

  readonly #vencryptStatus: Step = fixed('server', 1, (bytes, context) => {
    if (bytes[0] !== 0) context.finish();
    this.#step = this.#subtypes;
    return null;
  });

  readonly #subtypes: Step = {
    by: 'server',
    length: (bytes) => 1 + 4 * bytes[0]!,
    read: () => {
      this.#step = this.#subtype;
      return null;
    },
  };

  readonly #subtype: Step = fixed('client', 4, (bytes, context) => {
    const subtype = bytes.readUInt32BE(0);
    if (subtype === PLAIN) this.#step = this.#plainLogin;
    else if (subtype >= FIRST_TLS && subtype <= LAST_TLS) this.#step = this.#accepted;
    else context.finish();
    return null;
  });

  readonly #accepted: Step = fixed('server', 1, (bytes, context) => {
    if (bytes[0] === 1) context.restart();
    else context.finish();
    return null;
  });

  readonly #plainLogin: Step = {
    by: 'client',
    length(bytes) {
      if (bytes.length < 8) return 0;
      const [user, secret] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)];
      return user > longestName || secret > longestName ? -1 : 8 + user + secret;
    },
    read: (bytes, context) => {
      const userEnd = 8 + bytes.readUInt32BE(0);
      this.#step = this.#result;
      return tell(cleartext, context, [userName(bytes.toString('utf8', 8, userEnd)), password(bytes.toString('utf8', userEnd))]);
    },
  };

  readonly #result: Step = fixed('server', 4, (bytes, context) => {
    if (bytes.readUInt32BE(0) !== 0) context.finish();
    this.#step = this.#serverInit;
    return null;
  });

  /** The client's preceding byte, whether it shares the desktop, is left in its stream. */
  readonly #serverInit: Step = {
    by: 'server',
    length(bytes) {
      if (bytes.length < initBytes) return 0;
      const name = bytes.readUInt32BE(initBytes - 4);
      return name > longestName ? -1 : initBytes + name;
    },
    read: (bytes, context) => {
      context.finish();
      return tell(cleartext, context, desktop(bytes.toString('utf8', initBytes)));
    },
  };
}

function fixed(by: Step['by'], bytes: number, read: Step['read']): Step {
  return { by, length: () => bytes, read };
}

function tell(encryption: Encryption, context: FrameContext, values: readonly NamedValue[] = []): Message {
  const message = createMessage('rfb', encryption, context);
  addNamed(message, values, context);
  return message;
}

/** `jane's X desktop (harbour:1)`, `harbour:1 (jane)`; or a name, on Windows followed by the addresses of the host. */
function desktop(name: string): NamedValue[] {
  const [, owner, host] = /^(\S+)'s (?:\S+ )?desktop \((\S+):\d+\)$/.exec(name) ?? [];
  const [, server, user] = /^(\S+):\d+ \((\S+)\)$/.exec(name) ?? [];
  return [
    userName(owner ?? user ?? ''),
    { name: 'desktop.host_name', key: 'rfb_host_name', value: host ?? server ?? name.replace(/ *\([\s\d.,:a-f]*\)$/i, '') },
  ];
}
