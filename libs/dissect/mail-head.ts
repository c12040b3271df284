import type { NamedValue } from './named-value.ts';

/**
 * Fields that name people: originators, destinations, who resent it (RFC 5322, sections 3.6.2, 3.6.3 and 3.6.6), whom it was delivered to
 * (RFC 9228) and who wants to hear of it (RFC 8098, section 2.1).
 */
const people = new Set([
  'from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'resent-from', 'resent-sender', 'resent-to', 'resent-cc', 'resent-bcc', 'return-path',
  'delivered-to', 'x-original-to', 'envelope-to', 'disposition-notification-to', 'errors-to', 'x-sender', 'x-apparently-to', 'apparently-to',
]);

/** Bytes of a head that are read: each relay adds a few hundred, and mailing programs write an address per receiver. */
const longestHead = 1024 * 1024;
/** Bytes of a message in which others are looked for that are attached to it. */
const longestMessage = 16 * 1024 * 1024;
/** Multipart bodies within one another. */
const deepestBody = 8;
/** Parts that are messages, or the heads of such (RFC 2046, section 5.2.1; RFC 6532, section 3.7; RFC 6522, section 4). */
const isMessage = /^(?:message\/(?:rfc822|global)|(?:text|message)\/rfc822-headers)\s*(?:;|$)/i;
const boundaryOf = /^multipart\/[^;]*;(?:[^"]|"[^"]*")*?\bboundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
const HYPHEN = 0x2d;
/** Characters of addresses that are told at once: about as many addresses as one record has room for. */
const mostAtOnce = 4096;

/**
 * Reads the head of a message of mail (RFC 5322, section 2.2) line by line: whom it is from and to. Of its body only the heads of messages that are
 * attached to it are read (RFC 2046); all else in it is content.
 */
export class MailHead {
  /** The field at hand, if it names people or tells what the body is, and what of it is not told yet. */
  #name = '';
  #value = '';
  #contentType = '';
  #read = 0;
  #body = 0;
  /** What the next line belongs to: the head of a message, that of a part of one, or neither. */
  #in: 'message' | 'part' | 'body' = 'message';
  #isAttached = false;
  /** Lines that divide the bodies at hand, outermost first. */
  #boundaries: string[] = [];
  readonly #tell: (people: NamedValue[]) => void;
  readonly #onBound: () => void;
  #people: NamedValue[] = [];
  #waiting = 0;

  /**
   * `tell` is called with the fields that name people: when there are many, and when a head is over; `onBound` when the message is read no further.
   */
  constructor(tell: (people: NamedValue[]) => void, onBound: () => void) {
    this.#tell = tell;
    this.#onBound = onBound;
  }

  /** Whether a line that begins so need not be handed over; `length` is that of the line. */
  passes(first: number | undefined, length: number): boolean {
    if (this.#in !== 'body' || first === HYPHEN) return false;
    this.#body += length;
    return this.#body < longestMessage;
  }

  /** Takes a line without its end; false when nothing that follows is of interest. */
  take(line: string): boolean {
    if (this.#in === 'body') return this.#divide(line);
    this.#read += line.length + 1;
    if (/^[ \t]+\S/.test(line)) {
      if (this.#name !== '') this.#extend(line.trim());
    } else {
      this.#close();
      const [, name, value = ''] = /^([!-9;-~]{1,64})[ \t]*:(.*)$/.exec(line) ?? [];
      // The separator of a mailbox file stands in front of some messages.
      if (name === undefined && !line.startsWith('From ')) return this.#endHead();
      const known = name?.toLowerCase() ?? '';
      if (known === 'content-type' || (this.#in === 'message' && people.has(known))) {
        this.#name = known;
        this.#value = value.trim();
      }
    }
    return this.#read < longestHead || this.end();
  }

  /** What the body is decides what is looked for in it. */
  #endHead(): boolean {
    this.#flush();
    const contentType = this.#contentType;
    this.#contentType = '';
    this.#read = 0;
    this.#in = 'body';
    if (isMessage.test(contentType)) {
      this.#in = 'message';
      this.#isAttached = true;
    }
    const boundary = boundaryOf.exec(contentType);
    if (boundary !== null && this.#boundaries.length < deepestBody) this.#boundaries.push(`--${boundary[1] ?? boundary[2]!}`);
    return this.#in === 'message' || this.#boundaries.length > 0;
  }

  /** A line of a body that may divide it: that of one body ends those within it. */
  #divide(line: string): boolean {
    this.#body += line.length;
    if (this.#body >= longestMessage) {
      this.#onBound();
      return false;
    }
    const text = line.trimEnd();
    const level = this.#boundaries.findLastIndex((boundary) => text === boundary || text === `${boundary}--`);
    if (level < 0) return true;
    const isLast = text !== this.#boundaries[level];
    this.#boundaries.length = isLast ? level : level + 1;
    if (!isLast) this.#in = 'part';
    return this.#boundaries.length > 0;
  }

  /** There is no more of it. */
  end(): false {
    this.#close();
    this.#flush();
    return false;
  }

  /** A long list is told in parts, between two addresses. */
  #extend(more: string): void {
    if (this.#value.length + more.length > mostAtOnce) {
      const comma = this.#value.lastIndexOf(',');
      const rest = comma < 0 ? '' : this.#value.slice(comma + 1).trim();
      this.#value = comma < 0 ? this.#value : this.#value.slice(0, comma);
      const name = this.#name;
      this.#close();
      this.#name = name;
      this.#value = rest;
    }
    this.#value += this.#value === '' ? more : ` ${more}`;
  }

  #close(): void {
    if (this.#name === 'content-type') {
      this.#contentType = this.#value;
    } else if (this.#value !== '') {
      if (this.#waiting + this.#value.length > mostAtOnce) this.#flush();
      this.#waiting += this.#value.length;
      const path = this.#isAttached ? 'message.attached' : 'message';
      this.#people.push({ name: `${path}.${this.#name}`, key: `message_${this.#name}`, value: this.#value });
    }
    this.#name = this.#value = '';
  }

  #flush(): void {
    if (this.#people.length > 0) this.#tell(this.#people);
    this.#people = [];
    this.#waiting = 0;
  }
}
