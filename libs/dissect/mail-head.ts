import type { NamedValue } from './lines.ts';

/**
 * Fields that name people: originators, destinations, who resent it (RFC 5322, sections 3.6.2, 3.6.3 and 3.6.6), whom it was delivered to
 * (RFC 9228) and who wants to hear of it (RFC 8098, section 2.1).
 */
const people = new Set([
  'from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'resent-from', 'resent-sender', 'resent-to', 'resent-cc', 'resent-bcc', 'return-path',
  'delivered-to', 'x-original-to', 'envelope-to', 'disposition-notification-to', 'errors-to', 'x-sender', 'x-apparently-to', 'apparently-to',
]);

/** Bytes of a head, and of a field in it, that are read: mailing programs write far fewer. */
const longestHead = 64 * 1024;
const longestField = 16 * 1024;

/** Reads the head of a message of mail (RFC 5322, section 2.2) line by line: whom it is from and to. The body is content. */
export class MailHead {
  #name = '';
  #value = '';
  #read = 0;
  readonly #onEnd: (people: NamedValue[]) => void;
  readonly #people: NamedValue[] = [];

  /** `onEnd` is called once, when the head is over, with the fields that name people. */
  constructor(onEnd: (people: NamedValue[]) => void) {
    this.#onEnd = onEnd;
  }

  /** Takes a line without its end; false when the head ended with it. */
  take(line: string): boolean {
    this.#read += line.length;
    const isContinued = /^[ \t]/.test(line) && this.#name !== '';
    if (isContinued && this.#value.length < longestField) {
      this.#value += ` ${line.trim()}`;
    } else if (!isContinued) {
      this.#close();
      const [, name, value = ''] = /^([!-9;-~]{1,64})[ \t]*:(.*)$/.exec(line) ?? [];
      // The separator of a mailbox file stands in front of some messages.
      if (name === undefined && !line.startsWith('From ')) return this.end();
      this.#name = name?.toLowerCase() ?? 'mailbox';
      this.#value = value.trim();
    }
    return this.#read < longestHead || this.end();
  }

  /** There is no more of it. */
  end(): false {
    this.#close();
    this.#onEnd(this.#people);
    return false;
  }

  #close(): void {
    if (people.has(this.#name) && this.#value !== '') {
      this.#people.push({ name: `message.${this.#name}`, key: `message_${this.#name}`, value: this.#value, encoding: '' });
    }
    this.#name = '';
  }
}
