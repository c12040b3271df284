import type { IngestCounters } from './counters.ts';
import type { LogEntry } from './entry.ts';
import { certificateMessage, certificateNames } from './messages.ts';
import { text, texts, type Row } from './row.ts';

/** At most so many certificates are remembered, and at most so many connections wait for one. */
const mostCertificates = 20_000;
const mostWaiting = 20_000;

/** A connection that showed a certificate: the entry to which its names are added. */
type Showing = Omit<LogEntry, 'messages'>;

/**
 * Joins the certificates of x509.log to the connections of ssl.log that showed them, by fingerprint, or, before Zeek 5, by the id of the file.
 * Either row may come first, and Zeek logs a certificate once a day. Entries are the same in either order.
 */
export class ZeekCertificates {
  readonly #counters: IngestCounters;
  /** By fingerprint or file id, the least recently mentioned first. */
  readonly #names = new Map<string, string[]>();
  readonly #waiting = new Map<string, Showing[]>();
  #waitingCount = 0;

  constructor(counters: IngestCounters) {
    this.#counters = counters;
  }

  /** Learns from a row of x509.log, and emits the connections that waited for it. */
  learn(row: Row, emit: (entry: LogEntry) => void): void {
    const id = text(row, 'fingerprint') || text(row, 'id');
    if (id === '') return;
    const names = certificateNames(text(row, 'certificate.subject'), texts(row, 'san.dns'));
    this.#remember(id, names);
    const waiting = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    this.#waitingCount -= waiting.length;
    for (const showing of waiting) emitNames(names, showing, emit);
  }

  /** Takes a row of ssl.log with the entry of its connection, and emits that when the certificate is known. */
  show(row: Row, connection: LogEntry, emit: (entry: LogEntry) => void): void {
    const id = texts(row, 'cert_chain_fps')[0] ?? texts(row, 'cert_chain_fuids')[0];
    if (id === undefined) return;
    const showing: Showing = { ...connection, digest: `${connection.digest} certificate` };
    const names = this.#names.get(id);
    if (names === undefined) {
      this.#wait(id, showing);
      return;
    }
    this.#remember(id, names);
    emitNames(names, showing, emit);
  }

  #remember(id: string, names: string[]): void {
    this.#names.delete(id);
    this.#names.set(id, names);
    if (this.#names.size <= mostCertificates) return;
    this.#names.delete(this.#names.keys().next().value!);
    this.#counters.add('zeek', 'certificates forgotten');
  }

  #wait(id: string, showing: Showing): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) this.#waiting.set(id, [showing]);
    else waiting.push(showing);
    if (++this.#waitingCount <= mostWaiting) return;
    const [oldest, connections] = this.#waiting.entries().next().value!;
    connections.shift();
    if (connections.length === 0) this.#waiting.delete(oldest);
    this.#waitingCount--;
    this.#counters.add('zeek', 'connections whose certificate did not come');
  }
}

function emitNames(names: readonly string[], showing: Showing, emit: (entry: LogEntry) => void): void {
  if (names.length > 0) emit({ ...showing, messages: [certificateMessage(names, showing.micros)] });
}
