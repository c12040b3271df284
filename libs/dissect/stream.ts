import { ajp } from './ajp.ts';
import { ByteStream, releaseSpent } from './bytestream.ts';
import { cassandra } from './cassandra.ts';
import type { DissectCounters } from './counters.ts';
import { dceRpc } from './dce-rpc.ts';
import { diameter } from './diameter.ts';
import { dnsOverTcp } from './dns-tcp.ts';
import { drda } from './drda.ts';
import { fix } from './fix.ts';
import { ftp } from './ftp.ts';
import { hl7 } from './hl7.ts';
import { http } from './http.ts';
import { http2 } from './http2.ts';
import { imap } from './imap.ts';
import { irc } from './irc.ts';
import { kafka } from './kafka.ts';
import { kerberosOverTcp } from './kerberos.ts';
import { ldap } from './ldap.ts';
import type { Emit, Origin, Sender } from './message.ts';
import { mipush } from './mipush.ts';
import { mmtls } from './mmtls.ts';
import { mongodb } from './mongodb.ts';
import { mqtt } from './mqtt.ts';
import { mysql } from './mysql.ts';
import type { DissectEnvironment, DissectOptions } from './options.ts';
import { pop3 } from './pop3.ts';
import { postgresql } from './postgresql.ts';
import type { StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { rdp } from './rdp.ts';
import { redis } from './redis.ts';
import { rfb } from './rfb.ts';
import { rlogin } from './rlogin.ts';
import { rpcOverTcp } from './rpc.ts';
import { rsh } from './rsh.ts';
import { rtmp } from './rtmp.ts';
import { sipOverTcp } from './sip.ts';
import { skinny } from './skinny.ts';
import { smb } from './smb.ts';
import { smpp } from './smpp.ts';
import { smtp } from './smtp.ts';
import { socks } from './socks.ts';
import { ssh } from './ssh.ts';
import { stunOverTcp } from './stun-tcp.ts';
import { tds } from './tds.ts';
import { telnet } from './telnet.ts';
import { tls } from './tls.ts';
import { UnclaimedDirection } from './unclaimed.ts';
import { xmpp } from './xmpp.ts';

/** Tried in this order; the first that answers `yes` claims the flow. */
const protocols: readonly StreamProtocol[] = [
  tls, http, stunOverTcp, ssh,
  mqtt, mipush, ajp, diameter, rtmp, smpp, hl7, mmtls, dnsOverTcp,
  smtp, pop3, imap, ftp, telnet, irc, xmpp, redis, ldap, socks,
  sipOverTcp, kerberosOverTcp, http2,
  smb, dceRpc, rdp, postgresql, mysql, tds, rlogin, rsh, rpcOverTcp, rfb, mongodb, kafka, cassandra, drda, fix, skinny,
];

/**
 * Turns the bytes of one TCP flow into messages. It recognises the protocol by the first bytes of either direction.
 *
 * The bytes passed to `data` are in order; how they are split makes no difference to the messages. The buffer is not kept: the caller may
 * reuse it when the call returns.
 */
export class StreamDissector implements StreamSession {
  readonly emit: Emit;
  readonly serverPort: number;
  /** Nothing that follows is of interest. */
  done = false;
  readonly #environment: DissectEnvironment;
  /** Made when needed: of many flows only one direction is seen. */
  #source: ByteStream | null = null;
  #destination: ByteStream | null = null;
  #handler: StreamHandler | null = null;
  #restarted = false;
  #unclaimedSource: UnclaimedDirection | null = null;
  #unclaimedDestination: UnclaimedDirection | null = null;

  constructor(environment: DissectEnvironment, emit: Emit, serverPort = 0) {
    this.#environment = environment;
    this.emit = emit;
    this.serverPort = serverPort;
  }

  get source(): ByteStream {
    return (this.#source ??= new ByteStream());
  }

  get destination(): ByteStream {
    return (this.#destination ??= new ByteStream());
  }

  get options(): DissectOptions {
    return this.#environment.options;
  }

  get counters(): DissectCounters {
    return this.#environment.counters;
  }

  originAt(sender: Sender, position: number): Origin {
    const stream = this[sender];
    return { sender, frame: stream.frameAt(position), micros: stream.microsAt(position) };
  }

  /** Bytes kept of incomplete messages. */
  get heldBytes(): number {
    return (this.#source?.heldBytes ?? 0) + (this.#destination?.heldBytes ?? 0) + (this.#handler?.heldBytes ?? 0);
  }

  /** Takes the next bytes in order, which packet number `frame`, seen at `micros`, brought. */
  data(sender: Sender, bytes: Buffer, frame: number, micros: number): void {
    if (this.done) return;
    const stream = this[sender];
    stream.append(bytes, frame, micros);
    this.#advance(sender);
    stream.settle();
    releaseSpent();
  }

  /** `missing` bytes of the sender were lost for good: reading resumes at the next start of a message. */
  gap(sender: Sender, missing: number): void {
    if (this.done) return;
    if (this.#handler !== null) {
      this.#handler.gap(sender, missing);
      this.#afterHandler(sender);
    } else {
      this.#finishUnclaimed(sender);
    }
    releaseSpent();
  }

  restart(): void {
    this.#restarted = true;
  }

  /** The flow is over. */
  end(): void {
    if (this.done) return;
    if (this.#handler !== null) {
      this.#handler.end();
    } else {
      this.#finishUnclaimed('source');
      this.#finishUnclaimed('destination');
    }
    this.#stop();
    releaseSpent();
  }

  /** The sender's stream if bytes of it wait to be read, otherwise null. */
  #pending(sender: Sender): ByteStream | null {
    const stream = sender === 'source' ? this.#source : this.#destination;
    return stream === null || stream.length === 0 ? null : stream;
  }

  #advance(sender: Sender): void {
    while (this[sender].length > 0 && !this.done) {
      if (this.#handler === null) {
        if (!this.#claim(sender, false)) return;
      } else {
        this.#handler.data(sender);
        if (!this.#afterHandler(sender)) return;
      }
    }
  }

  /** After a call to the handler: true if it was dropped and bytes of either direction wait to be claimed again. */
  #afterHandler(sender: Sender): boolean {
    if (this.#handler!.done) {
      this.#stop();
    } else if (this.#restarted) {
      this.#restarted = false;
      this.#handler = null;
      const other = sender === 'source' ? 'destination' : 'source';
      if (this.#pending(other) !== null) this.#advance(other);
      return true;
    }
    return false;
  }

  /** Looks for a protocol at the start of the sender's bytes; false if more bytes are needed to decide. */
  #claim(sender: Sender, last: boolean): boolean {
    const stream = this[sender];
    const isSettled = (sender === 'source' ? this.#unclaimedSource : this.#unclaimedDestination)?.isSettled === true;
    if (!isSettled && !last) {
      const protocol = recognise(stream.bytes());
      if (protocol === 'more' && stream.length < this.options.maxHeadBytes) return false;
      if (typeof protocol === 'object') {
        this.#open(protocol, sender);
        return true;
      }
    }
    const taken = this.#unclaimedOf(sender).take(stream, last);
    if (this.#unclaimedSource?.spent === true && this.#unclaimedDestination?.spent === true) this.#stop();
    return taken;
  }

  /** Opens the protocol, which first reads what is pending in the other direction, unless that belongs to the previous protocol. */
  #open(protocol: StreamProtocol, sender: Sender): void {
    const other = sender === 'source' ? 'destination' : 'source';
    const waiting = this.#pending(other);
    while (waiting !== null && waiting.length > 0 && protocol.recognise(waiting.bytes()) === 'no') this.#unclaimedOf(other).take(waiting, true);
    this.#handler = protocol.open(this);
    if (waiting === null || waiting.length === 0) return;
    this.#handler.data(other);
    this.#afterHandler(other);
  }

  #unclaimedOf(sender: Sender): UnclaimedDirection {
    if (sender === 'source') return (this.#unclaimedSource ??= new UnclaimedDirection(this, 'source'));
    return (this.#unclaimedDestination ??= new UnclaimedDirection(this, 'destination'));
  }

  #finishUnclaimed(sender: Sender): void {
    while (this.#pending(sender) !== null && this.#claim(sender, true));
  }

  #stop(): void {
    this.done = true;
    this.#handler = null;
    this.#unclaimedSource = this.#unclaimedDestination = null;
    this.#source?.clear();
    this.#destination?.clear();
  }
}

/** The protocols that can begin with a given first byte. They are asked about that byte alone, so that segmentation makes no difference. */
const candidates: readonly (readonly StreamProtocol[])[] = Array.from({ length: 256 }, (_, byte) => {
  const first = Buffer.of(byte);
  return protocols.filter((protocol) => protocol.recognise(first) !== 'no');
});

/** The protocol that begins with these bytes; `more` if one still may. */
function recognise(bytes: Buffer): StreamProtocol | 'no' | 'more' {
  let answer: 'no' | 'more' = 'no';
  for (const protocol of candidates[bytes[0]!]!) {
    const recognition = protocol.recognise(bytes);
    if (recognition === 'yes') return protocol;
    if (recognition === 'more') answer = 'more';
  }
  return answer;
}
