import { ByteStream } from './bytestream.ts';
import { FieldList } from './fieldlist.ts';
import { createMessage, type Encryption, type Message, type Sender } from './message.ts';
import type { Recognition, StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { CertificateReader, type ShownCertificate } from './tls-certificate.ts';
import { setClientHelloFacts } from './tls-hello.ts';
import type { CertificateNames } from './x509-names.ts';

/** TLS 1.0 to 1.3 (RFC 8446) and SSL 3.0: reads the ClientHello, and the names in certificates that server and client send in clear. */
export const tls: StreamProtocol = {
  name: 'tls',
  recognise: recogniseTls,
  open: (session) => new TlsHandler(session),
};

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;

const recordHeader = 5;
/** 2^14 bytes of plaintext, and the expansion by encryption (RFC 8446, section 5.2; 2048 in RFC 5246). */
const maxRecord = 16384 + 2048;

const byClientHello: Encryption = { verdict: 'encrypted', reason: 'TLS ClientHello' };
const byRecords: Encryption = { verdict: 'encrypted', reason: 'TLS records' };

function recogniseTls(bytes: Buffer): Recognition {
  const type = bytes[0]!;
  if (type < CHANGE_CIPHER_SPEC || type > APPLICATION_DATA) return 'no';
  if (bytes.length >= 2 && bytes[1] !== 3) return 'no';
  if (bytes.length >= 3 && bytes[2]! > 4) return 'no';
  if (bytes.length < recordHeader) return 'more';
  const length = bytes.readUInt16BE(3);
  if (length === 0 || length > maxRecord) return 'no';
  if (type === CHANGE_CIPHER_SPEC) return length === 1 ? 'yes' : 'no';
  if (type === ALERT) return length === 2 || length >= 16 ? 'yes' : 'no';
  if (type === APPLICATION_DATA) return length >= 16 ? 'yes' : 'no';
  if (bytes.length < recordHeader + 1) return 'more';
  // Midstream, an encrypted handshake message may begin with any byte; only the two hellos can open a stream.
  return bytes[5] === CLIENT_HELLO || bytes[5] === SERVER_HELLO || length >= 16 ? 'yes' : 'no';
}

class TlsHandler implements StreamHandler {
  done = false;
  readonly #session: StreamSession;
  /** Handshake bytes of the side that sends the ClientHello, without record headers. */
  readonly #handshake = new ByteStream();
  #reported = false;
  /** After the ClientHello: the other side's response, and the client's next flight. */
  #answer: CertificateReader | null = null;
  #reply: CertificateReader | null = null;
  /** The side that sent a ServerHello, of which nothing further is of interest. */
  #server: Sender | null = null;
  /** The sender of the first TLS record, and the packet that carried it. */
  #sender: Sender = 'source';
  #frame = 0;
  #micros = 0;

  constructor(session: StreamSession) {
    this.#session = session;
  }

  get heldBytes(): number {
    return this.#handshake.heldBytes + (this.#answer?.heldBytes ?? 0) + (this.#reply?.heldBytes ?? 0);
  }

  data(sender: Sender): void {
    const stream = this.#session[sender];
    if (this.#answer !== null) return this.#readCertificates(this.#answer, sender);
    if (this.#frame === 0) {
      this.#sender = sender;
      this.#frame = stream.frameAt(0);
      this.#micros = stream.microsAt(0);
    }
    if (sender === this.#server) return stream.clear();
    while (!this.done && this.#answer === null && stream.length >= recordHeader) {
      const bytes = stream.bytes();
      const type = bytes[0]!;
      const length = bytes.readUInt16BE(3);
      if (type !== HANDSHAKE || length > maxRecord) return this.#withoutHello(sender);
      if (stream.length === recordHeader) return;
      if (this.#handshake.length === 0 && bytes[5] === SERVER_HELLO) {
        // The ClientHello was missed, unless the other side's bytes arrive later.
        this.#server = sender;
        stream.clear();
        return this.#report(sender);
      }
      if (this.#handshake.length === 0 && bytes[5] !== CLIENT_HELLO) return this.#withoutHello(sender);
      if (stream.length < recordHeader + length) return;
      stream.consume(recordHeader);
      this.#handshake.appendFrom(stream, length);
      stream.consume(length);
      this.#readHello(sender);
    }
  }

  gap(sender: Sender): void {
    this.#session.counters.add('tls', 'gap');
    if (this.#answer === null) this.#breakOff(sender);
    else this.done = true;
  }

  end(): void {
    if (this.done || this.#reported) return;
    this.#session.counters.add('tls', 'cut ClientHello');
    this.#breakOff(this.#sender);
  }

  /** The rest of the ClientHello is lost. What precedes the loss is reported, such as the server name; the fingerprint needs the whole message. */
  #breakOff(sender: Sender): void {
    const stream = this.#session[this.#sender];
    const handshake = this.#handshake;
    if (!this.#reported && stream.length > recordHeader && stream.bytes()[0] === HANDSHAKE) {
      stream.consume(recordHeader);
      handshake.appendFrom(stream, stream.length);
    }
    if (handshake.length > 4 && handshake.bytes()[0] === CLIENT_HELLO) {
      const last = handshake.length - 1;
      const message = createMessage('tls', byClientHello, { sender: this.#sender, frame: handshake.frameAt(last), micros: handshake.microsAt(last) });
      setClientHelloFacts(message, new FieldList(message, this.#session), handshake.bytes().subarray(4), 'tls', true);
      this.#emit(message);
    }
    this.#withoutHello(sender);
  }

  /** Reads the ClientHello once it is complete; it may be spread over several records. */
  #readHello(sender: Sender): void {
    const handshake = this.#handshake;
    const { counters, options } = this.#session;
    if (handshake.length < 4) return;
    const bytes = handshake.bytes();
    const length = 4 + bytes.readUIntBE(1, 3);
    if (length > options.maxHeadBytes) {
      counters.add('tls', 'bounded ClientHello');
      return this.#withoutHello(sender);
    }
    if (handshake.length < length) return;
    const message = createMessage('tls', byClientHello, { sender, frame: handshake.frameAt(length - 1), micros: handshake.microsAt(length - 1) });
    const fields = new FieldList(message, this.#session);
    if (!setClientHelloFacts(message, fields, bytes.subarray(4, length), 'tls')) counters.add('tls', 'malformed ClientHello');
    this.#emit(message);
    const other = sender === 'source' ? 'destination' : 'source';
    // A server whose response arrived before the client's bytes is not read; nor one whose client did not wait for it.
    if (this.#server === other || this.#session[sender].length > 0) this.done = true;
    else {
      this.#sender = sender;
      this.#answer = new CertificateReader(options.maxHeadBytes);
      if (this.#session[other].length > 0) this.#readCertificates(this.#answer, other);
    }
  }

  /** The server's certificate comes first. The client sends one in its next flight, if at all: then there is nothing more to read. */
  #readCertificates(answer: CertificateReader, sender: Sender): void {
    const stream = this.#session[sender];
    if (sender === this.#sender) {
      const reply = (this.#reply ??= new CertificateReader(this.#session.options.maxHeadBytes));
      const shown = reply.read(stream);
      if (shown !== null) this.#clientCertificate(shown, sender);
      this.done = reply.done;
      return;
    }
    if (!answer.done) {
      const shown = answer.read(stream);
      if (shown !== null) this.#serverCertificate(shown, sender);
      else if (answer.done) this.done = true;
    }
    if (answer.done) stream.clear();
  }

  #serverCertificate({ names, frame, micros }: ShownCertificate, sender: Sender): void {
    const hosts = [...new Set([...names.common, ...names.dns].map((name) => name.toLowerCase()))];
    if (hosts.length === 0) return;
    const message = createMessage('tls', byClientHello, { sender, frame, micros });
    message.facts['telltale.tls.certificate_names'] = hosts;
    const fields = new FieldList(message, this.#session);
    for (const name of hosts) fields.add('tls.certificate.name', 'tls_certificate_name', name);
    this.#emit(message);
  }

  /** It identifies a person or a device to anyone on the path, at each connection; one with DNS names belongs to a host. */
  #clientCertificate({ names, frame, micros }: ShownCertificate, sender: Sender): void {
    const message = createMessage('tls', byClientHello, { sender, frame, micros });
    const fields = new FieldList(message, this.#session);
    if (names.dns.size === 0)
      for (const name of holders(names)) fields.add('tls.client.x509.subject.common_name', nameKey(name, names), name);
    for (const name of names.mail) fields.add('tls.client.x509.alternative_names', 'email', name);
    for (const name of names.users) fields.add('tls.client.x509.alternative_names', 'user_principal_name', name);
    if (message.fields.length > 0) this.#emit(message);
  }

  #withoutHello(sender: Sender): void {
    this.#report(sender);
    this.done = true;
  }

  #report(sender: Sender): void {
    if (!this.#reported) this.#emit(createMessage('tls', byRecords, { sender, frame: this.#frame, micros: this.#micros }));
  }

  #emit(message: Message): void {
    this.#reported = true;
    this.#handshake.clear();
    this.#session.counters.add('tls', 'messages');
    this.#session.emit(message);
  }
}

/** Without the number that a proxy certificate adds to the name of its holder (RFC 3820, section 3.4). */
function holders({ common }: CertificateNames): string[] {
  return common.size === 1 ? [...common] : [...common].filter((name) => !/^\d+$/.test(name));
}

/** The key of a common name: of a computer in a Windows domain, the alternative name is its account, `name$@domain`. */
function nameKey(name: string, { users }: CertificateNames): string {
  const account = `${name}$@`.toLowerCase();
  for (const user of users) if (user.toLowerCase().startsWith(account)) return 'netbios_name';
  return 'tls_client_certificate_name';
}
