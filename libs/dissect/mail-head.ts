import type { NamedValue } from './named-value.ts';

/**
 * Fields that identify people: originators, destinations, resenders (RFC 5322, sections 3.6.2, 3.6.3 and 3.6.6), final recipients (RFC 9228) and
 * recipients of disposition notifications (RFC 8098, section 2.1).
 */
const people = new Set([
  'from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'resent-from', 'resent-sender', 'resent-to', 'resent-cc', 'resent-bcc', 'return-path',
  'delivered-to', 'x-original-to', 'envelope-to', 'disposition-notification-to', 'errors-to', 'x-sender', 'x-apparently-to', 'apparently-to',
]);

/** Bytes of a head that are read: each relay adds a few hundred, and mailing programs write one address per recipient. */
const longestHead = 1024 * 1024;
/** Bytes of a message in which attached messages are looked for. */
const longestMessage = 16 * 1024 * 1024;
/** Maximum nesting of multipart bodies. */
const deepestBody = 8;
/** Parts that are messages, or heads of messages (RFC 2046, section 5.2.1; RFC 6532, section 3.7; RFC 6522, section 4). */
const isMessage = /^(?:message\/(?:rfc822|global)|(?:text|message)\/rfc822-headers)\s*(?:;|$)/i;
const boundaryOf = /^multipart\/[^;]*;(?:[^"]|"[^"]*")*?\bboundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
const HYPHEN = 0x2d;
/** Characters of addresses that are reported at once: about as many as fit in one record. */
const mostAtOnce = 4096;

/**
 * Reads the head of a mail message (RFC 5322, section 2.2) line by line for its senders and recipients. In its body, only the heads of attached
 * messages are read (RFC 2046); anything else is content.
 */
export class MailHead {
  /** The current field, if it identifies people or describes the body, and the part of it not yet reported. */
  #name = '';
  #value = '';
  #contentType = '';
  #read = 0;
  #body = 0;
  /** What the next line belongs to: the head of a message, the head of a part, or neither. */
  #in: 'message' | 'part' | 'body' = 'message';
  #isAttached = false;
  /** Boundaries of the open bodies, outermost first. */
  #boundaries: string[] = [];
  readonly #tell: (people: NamedValue[]) => void;
  readonly #onBound: () => void;
  #people: NamedValue[] = [];
  #waiting = 0;

  /**
   * `tell` is called with the fields that identify people: when there are many, and at the end of a head; `onBound` when reading stops at a bound.
   */
  constructor(tell: (people: NamedValue[]) => void, onBound: () => void) {
    this.#tell = tell;
    this.#onBound = onBound;
  }

  /** Whether a line with this first byte need not be passed on; `length` is that of the line. */
  passes(first: number | undefined, length: number): boolean {
    if (this.#in !== 'body' || first === HYPHEN) return false;
    this.#body += length;
    return this.#body < longestMessage;
  }

  /** Reads a line without its line end; false if nothing that follows is of interest. */
  take(line: string): boolean {
    if (this.#in === 'body') return this.#divide(line);
    this.#read += line.length + 1;
    if (/^[ \t]+\S/.test(line)) {
      if (this.#name !== '') this.#extend(line.trim());
    } else {
      this.#close();
      const [, name, value = ''] = /^([!-9;-~]{1,64})[ \t]*:(.*)$/.exec(line) ?? [];
      // Some messages are preceded by the separator line of a mailbox file.
      if (name === undefined && !line.startsWith('From ')) return this.#endHead();
      const known = name?.toLowerCase() ?? '';
      if (known === 'content-type' || (this.#in === 'message' && people.has(known))) {
        this.#name = known;
        this.#value = value.trim();
      }
    }
    return this.#read < longestHead || this.end();
  }

  /** The type of the body determines what to look for in it. */
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

  /** Checks whether a line of a body is a boundary: one of an outer body also ends the bodies inside it. */
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

  /** The message has ended. */
  end(): false {
    this.#close();
    this.#flush();
    return false;
  }

  /** Adds to the field; a long list is reported in parts, split between two addresses. */
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
