import { ajp } from './ajp.ts';
import { ByteStream } from './bytestream.ts';
import type { DissectCounters } from './counters.ts';
import { diameter } from './diameter.ts';
import { dnsOverTcp } from './dns-tcp.ts';
import { ftp } from './ftp.ts';
import { hl7 } from './hl7.ts';
import { http } from './http.ts';
import { http2 } from './http2.ts';
import { imap } from './imap.ts';
import { irc } from './irc.ts';
import { kerberosOverTcp } from './kerberos.ts';
import { ldap } from './ldap.ts';
import type { Emit, Sender } from './message.ts';
import { mipush } from './mipush.ts';
import { mmtls } from './mmtls.ts';
import { mqtt } from './mqtt.ts';
import type { DissectOptions } from './options.ts';
import { pop3 } from './pop3.ts';
import type { StreamHandler, StreamProtocol, StreamSession } from './protocol.ts';
import { redis } from './redis.ts';
import { rtmp } from './rtmp.ts';
import { sipOverTcp } from './sip.ts';
import { smpp } from './smpp.ts';
import { smtp } from './smtp.ts';
import { socks } from './socks.ts';
import { ssh } from './ssh.ts';
import { stunOverTcp } from './stun-tcp.ts';
import { telnet } from './telnet.ts';
import { tls } from './tls.ts';
import { UnclaimedDirection } from './unclaimed.ts';
import { xmpp } from './xmpp.ts';

/** Asked in this order; the first that says yes claims the flow. */
const protocols: readonly StreamProtocol[] = [
  tls, http, stunOverTcp, ssh,
  mqtt, mipush, ajp, diameter, rtmp, smpp, hl7, mmtls, dnsOverTcp,
  smtp, pop3, imap, ftp, telnet, irc, xmpp, redis, ldap, socks,
  sipOverTcp, kerberosOverTcp, http2,
];

/**
 * Turns the bytes of one TCP flow into messages. It recognises the protocol by the first bytes of either direction.
 *
 * The bytes handed to `data` are in order; what they were split into makes no difference to the messages. They are not kept:
 * the caller may reuse its buffer when the call returns.
 */
export class StreamDissector {
  readonly #session: Session;
  #handler: StreamHandler | null = null;
  #done = false;
  readonly #unclaimed: Record<Sender, UnclaimedDirection>;

  constructor(options: DissectOptions, emit: Emit, counters: DissectCounters) {
    this.#session = new Session(options, emit, counters);
    this.#unclaimed = {
      source: new UnclaimedDirection('source', options, counters, emit),
      destination: new UnclaimedDirection('destination', options, counters, emit),
    };
  }

  /** Takes the bytes that packet number `frame`, seen at `micros`, brought in order. */
  data(sender: Sender, bytes: Buffer, frame: number, micros: number): void {
    if (this.#done) return;
    const stream = this.#session[sender];
    stream.append(bytes, frame, micros);
    this.#advance(sender);
    stream.settle();
  }

  /** `missing` bytes of the sender will never come: what follows is read from the next start of a message on. */
  gap(sender: Sender, missing: number): void {
    if (this.#done) return;
    if (this.#handler !== null) {
      this.#handler.gap(sender, missing);
      this.#afterHandler(sender);
    } else {
      this.#finishUnclaimed(sender);
    }
  }

  /** The flow is over. */
  end(): void {
    if (this.#done) return;
    if (this.#handler !== null) {
      this.#handler.end();
    } else {
      this.#finishUnclaimed('source');
      this.#finishUnclaimed('destination');
    }
    this.#stop();
  }

  #advance(sender: Sender): void {
    while (this.#session[sender].length > 0 && !this.#done) {
      if (this.#handler === null) {
        if (!this.#claim(sender, false)) return;
      } else {
        this.#handler.data(sender);
        if (!this.#afterHandler(sender)) return;
      }
    }
  }

  /** After a call to the handler: true when it was dropped and bytes of either direction wait to be claimed anew. */
  #afterHandler(sender: Sender): boolean {
    if (this.#handler!.done) {
      this.#stop();
    } else if (this.#session.restarted) {
      this.#session.restarted = false;
      this.#handler = null;
      const other = sender === 'source' ? 'destination' : 'source';
      if (this.#session[other].length > 0) this.#advance(other);
      return true;
    }
    return false;
  }

  /** Looks for a protocol at the start of the sender's bytes; false when more are needed to say. */
  #claim(sender: Sender, last: boolean): boolean {
    const stream = this.#session[sender];
    const unclaimed = this.#unclaimed[sender];
    if (!unclaimed.isSettled && !last) {
      const protocol = recognise(stream.bytes());
      if (protocol === 'more' && stream.length < this.#session.options.maxHeadBytes) return false;
      if (typeof protocol === 'object') {
        this.#open(protocol, sender);
        return true;
      }
    }
    const taken = unclaimed.take(stream, last);
    if (this.#unclaimed.source.spent && this.#unclaimed.destination.spent) this.#stop();
    return taken;
  }

  /** Opens the protocol, and lets it read first what had waited in the other direction, unless that belongs to what ran before. */
  #open(protocol: StreamProtocol, sender: Sender): void {
    const other = sender === 'source' ? 'destination' : 'source';
    const waiting = this.#session[other];
    while (waiting.length > 0 && protocol.recognise(waiting.bytes()) === 'no') this.#unclaimed[other].take(waiting, true);
    this.#handler = protocol.open(this.#session);
    if (waiting.length === 0) return;
    this.#handler.data(other);
    this.#afterHandler(other);
  }

  #finishUnclaimed(sender: Sender): void {
    while (this.#session[sender].length > 0 && this.#claim(sender, true));
  }

  #stop(): void {
    this.#done = true;
    this.#handler = null;
    this.#session.source.clear();
    this.#session.destination.clear();
  }
}

/** The protocol that begins with these bytes; `more` when one may. */
function recognise(bytes: Buffer): StreamProtocol | 'no' | 'more' {
  let answer: 'no' | 'more' = 'no';
  for (const protocol of protocols) {
    const recognition = protocol.recognise(bytes);
    if (recognition === 'yes') return protocol;
    if (recognition === 'more') answer = 'more';
  }
  return answer;
}

class Session implements StreamSession {
  readonly source = new ByteStream();
  readonly destination = new ByteStream();
  readonly options: DissectOptions;
  readonly counters: DissectCounters;
  readonly emit: Emit;
  restarted = false;

  constructor(options: DissectOptions, emit: Emit, counters: DissectCounters) {
    this.options = options;
    this.emit = emit;
    this.counters = counters;
  }

  restart(): void {
    this.restarted = true;
  }
}
