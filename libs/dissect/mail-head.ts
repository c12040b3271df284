import type { NamedValue } from './lines.ts';

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
/** Characters of addresses that are told at once: about as many addresses as one record has room for. */
const mostAtOnce = 4096;

/** Reads the head of a message of mail (RFC 5322, section 2.2) line by line: whom it is from and to. The body is content. */
export class MailHead {
  /** The field at hand, if it names people, and what of it is not told yet. */
  #name = '';
  #value = '';
  #read = 0;
  readonly #tell: (people: NamedValue[]) => void;
  #people: NamedValue[] = [];
  #waiting = 0;

  /** `tell` is called with the fields that name people: when there are many, and when the head is over. */
  constructor(tell: (people: NamedValue[]) => void) {
    this.#tell = tell;
  }

  /** Takes a line without its end; false when the head ended with it. */
  take(line: string): boolean {
    this.#read += line.length + 1;
    if (/^[ \t]+\S/.test(line)) {
      if (this.#name !== '') this.#extend(line.trim());
    } else {
      this.#close();
      const [, name, value = ''] = /^([!-9;-~]{1,64})[ \t]*:(.*)$/.exec(line) ?? [];
      // The separator of a mailbox file stands in front of some messages.
      if (name === undefined && !line.startsWith('From ')) return this.end();
      if (name !== undefined && people.has(name.toLowerCase())) {
        this.#name = name.toLowerCase();
        this.#value = value.trim();
      }
    }
    return this.#read < longestHead || this.end();
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
    if (this.#value !== '') {
      if (this.#waiting + this.#value.length > mostAtOnce) this.#flush();
      this.#waiting += this.#value.length;
      this.#people.push({ name: `message.${this.#name}`, key: `message_${this.#name}`, value: this.#value, encoding: '' });
    }
    this.#name = this.#value = '';
  }

  #flush(): void {
    if (this.#people.length > 0) this.#tell(this.#people);
    this.#people = [];
    this.#waiting = 0;
  }
}
