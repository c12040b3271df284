import { ByteStream } from './bytestream.ts';
import { ByteReader } from './reader.ts';
import { certificateNames, type CertificateNames } from './x509-names.ts';

const HANDSHAKE = 22;
const recordHeader = 5;
const messageHeader = 4;

const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const CERTIFICATE_STATUS = 22;
const SUPPORTED_VERSIONS = 43;

/** The names in a certificate, and the packet that completes it. */
export interface ShownCertificate {
  names: CertificateNames;
  frame: number;
  micros: number;
}

/**
 * Reads the response to a ClientHello up to the server's own certificate, or the client's next flight, which begins with its certificate if
 * the server requested one. TLS 1.2 and older send either in clear (RFC 5246, sections 7.4.2 and 7.4.6).
 */
export class CertificateReader {
  #done = false;
  readonly #handshake = new ByteStream();
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Nothing more is of interest. */
  get done(): boolean {
    return this.#done;
  }

  get heldBytes(): number {
    return this.#handshake.heldBytes;
  }

  /** Consumes the complete records that are there; returns the certificate once it is complete. */
  read(stream: ByteStream): ShownCertificate | null {
    while (!this.#done && stream.length >= recordHeader) {
      const bytes = stream.bytes();
      const length = bytes.readUInt16BE(3);
      if (bytes[0] !== HANDSHAKE || this.#handshake.length + length > this.#maxBytes) {
        this.#finish();
        return null;
      }
      if (bytes.length < recordHeader + length) return null;
      stream.consume(recordHeader);
      this.#handshake.appendFrom(stream, length);
      stream.consume(length);
      const certificate = this.#readMessages();
      if (certificate !== null) return certificate;
    }
    return null;
  }

  #readMessages(): ShownCertificate | null {
    const handshake = this.#handshake;
    while (handshake.length >= messageHeader) {
      const bytes = handshake.bytes();
      const end = messageHeader + bytes.readUIntBE(1, 3);
      if (bytes.length < end) return null;
      const body = bytes.subarray(messageHeader, end);
      if (bytes[0] === CERTIFICATE) {
        const list = new ByteReader(body, 3);
        const shown = {
          names: certificateNames(list.take(list.u24()).rest()), frame: handshake.frameAt(end - 1), micros: handshake.microsAt(end - 1),
        };
        this.#finish();
        return shown;
      }
      if (bytes[0] === SERVER_HELLO ? hidesCertificate(body) : bytes[0] !== CERTIFICATE_STATUS) {
        this.#finish();
        return null;
      }
      handshake.consume(end);
    }
    return null;
  }

  /** Drops the certificate chain, which is not needed for the rest of the flow. */
  #finish(): void {
    this.#done = true;
    this.#handshake.clear();
  }
}

/** TLS 1.3, which a ServerHello announces in an extension (RFC 8446, section 4.2.1), encrypts what follows. */
function hidesCertificate(hello: Buffer): boolean {
  const reader = new ByteReader(hello, 2 + 32);
  reader.skip(reader.u8());
  reader.skip(2 + 1);
  const extensions = reader.take(reader.u16());
  while (extensions.left > 0 && !extensions.failed) {
    const type = extensions.u16();
    extensions.take(extensions.u16());
    if (type === SUPPORTED_VERSIONS) return true;
  }
  return false;
}
