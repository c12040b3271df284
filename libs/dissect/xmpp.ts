import { password, userName } from './login.ts';
import { createMessage, type Encryption, type Sender } from './message.ts';
import { addNamed, type NamedValue } from './named-value.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { SaslExchange } from './sasl.ts';
import { xmlAttributes, xmlText } from './xml-text.ts';

/** XMPP (RFC 6120): logins, and who writes to whom. The text of messages is content. */
export const xmpp: StreamProtocol = {
  name: 'xmpp',
  recognise: recogniseXmpp,
  open: (session): StreamHandler => new XmppHandler(session),
};

const cleartext: Encryption = { verdict: 'cleartext', reason: 'XMPP' };

/** Bytes within which the stream must open. */
const longestProlog = 512;
/** Longest tag, and longest relevant text of an element, that is read, in bytes. */
const longestTag = 4096;
const longestText = 16 * 1024;

const LESS = 0x3c;
const GREATER = 0x3e;

const opening = '<stream:stream';

/** `<stream:stream`, with or without an XML declaration before it (RFC 6120, section 4.8). */
function recogniseXmpp(bytes: Buffer): Recognition {
  const text = bytes.toString('latin1', 0, longestProlog).trimStart();
  const declarationEnd = text.startsWith('<?xml ') ? text.indexOf('?>') : -1;
  const rest = declarationEnd < 0 ? text : text.slice(declarationEnd + 2).trimStart();
  if (rest.startsWith(opening)) return 'yes';
  const mayFollow = opening.startsWith(rest) || '<?xml '.startsWith(text) || (declarationEnd < 0 && text.startsWith('<?xml '));
  return mayFollow && bytes.length < longestProlog ? 'more' : 'no';
}

class XmppHandler implements StreamHandler {
  readonly done = false;
  readonly #session: StreamSession;
  readonly #sides: Record<Sender, Side> = { source: new Side(), destination: new Side() };
  #begun = false;
  #restarted = false;

  constructor(session: StreamSession) {
    this.#session = session;
  }

  data(sender: Sender): void {
    const stream = this.#session[sender];
    while (stream.length > 0 && !this.#restarted) {
      const bytes = stream.bytes();
      if (bytes[0] !== LESS) {
        if (!this.#text(sender, bytes)) return;
        continue;
      }
      const end = bytes.indexOf(GREATER);
      if ((end < 0 ? bytes.length : end) > longestTag) {
        this.#session.counters.add('xmpp', 'bounded tag');
        stream.consume(1);
        continue;
      }
      if (end < 0) return;
      this.#tag(sender, bytes.toString('utf8', 1, end), end);
      stream.consume(end + 1);
    }
  }

  gap(sender: Sender): void {
    this.#session.counters.add('xmpp', 'gap');
    this.#session[sender].clear();
    this.#sides[sender].collects = '';
  }

  end(): void {
    this.#session.source.clear();
    this.#session.destination.clear();
  }

  /** Reads text up to the next tag; only that of login elements is kept. False if its end has not arrived. */
  #text(sender: Sender, bytes: Buffer): boolean {
    const stream = this.#session[sender];
    const side = this.#sides[sender];
    const next = bytes.indexOf(LESS);
    const length = next < 0 ? bytes.length : next;
    if (side.collects === '' || length > longestText) {
      side.collects = '';
      stream.consume(length);
      return true;
    }
    if (next < 0) return false;
    this.#login(sender, side.collects, xmlText(bytes.toString('utf8', 0, length)), length - 1);
    side.collects = '';
    stream.consume(length);
    return true;
  }

  #tag(sender: Sender, tag: string, position: number): void {
    const side = this.#sides[sender];
    const name = /^[\w:-]+/.exec(tag)?.[0] ?? '';
    side.collects = '';
    switch (name) {
      case 'stream:stream': case 'message': case 'presence': case 'iq': this.#addresses(sender, tag, position); break;
      case 'auth':
        side.sasl = new SaslExchange(attribute(tag, 'mechanism'));
        side.collects = 'sasl';
        break;
      case 'response': side.collects = side.sasl === null ? '' : 'sasl'; break;
      // Non-SASL authentication (XEP-0078), and the full JID of a client after resource binding (RFC 6120, section 7).
      case 'username': case 'password': case 'jid': side.collects = tag.endsWith('/') ? '' : name; break;
      case 'proceed':
        this.#restarted = true;
        this.#session.restart();
        break;
    }
  }

  #addresses(sender: Sender, tag: string, position: number): void {
    const values = ['from', 'to']
      .map((name): NamedValue => ({ name, key: 'jid', value: attribute(tag, name) }))
      .filter(({ value }) => value.includes('@'));
    if (values.length > 0 || !this.#begun) this.#emit(sender, values, position);
  }

  #login(sender: Sender, element: string, text: string, position: number): void {
    const values = element === 'sasl' ? this.#sides[sender].sasl!.response(text) : [valueOf(element, text)];
    if (values.length > 0) this.#emit(sender, values, position);
  }

  #emit(sender: Sender, values: readonly NamedValue[], position: number): void {
    const message = createMessage('xmpp', cleartext, this.#session.originAt(sender, position));
    addNamed(message, values, this.#session);
    this.#begun = true;
    this.#session.counters.add('xmpp', 'messages');
    this.#session.emit(message);
  }
}

/** The text of an element of a non-SASL login, or the JID from resource binding. */
function valueOf(element: string, text: string): NamedValue {
  switch (element) {
    case 'username': return userName(text);
    case 'password': return password(text);
    default: return { name: element, key: element, value: text };
  }
}

class Side {
  /** The element whose text is of interest: `sasl`, or its name. */
  collects = '';
  sasl: SaslExchange | null = null;
}

/** Value of an attribute, '' if it is absent. */
function attribute(tag: string, name: string): string {
  return xmlAttributes(tag).find(([key]) => key === name)?.[1] ?? '';
}
