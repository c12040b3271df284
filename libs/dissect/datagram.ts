import type { DissectCounters } from './counters.ts';
import { datagramProtocolOf } from './datagrams.ts';
import { emitDns } from './dns.ts';
import { isDnsHeader, parseDns } from './dns-message.ts';
import { DatagramFlow } from './datagram-flow.ts';
import { isDtls } from './dtls.ts';
import { bareRtp, bareSrtp } from './media.ts';
import { payloadMessage, type Emit, type Encryption, type Message } from './message.ts';
import { defaultDissectOptions, type DissectOptions } from './options.ts';
import type { DatagramContext } from './protocol.ts';
import { isQuic } from './quic.ts';
import { isRtcp, isRtp } from './rtp.ts';
import { isSdRtnHello, sdRtnMessage } from './sd-rtn.ts';
import { channelData, isClassicStun, stunLength, stunMessage, timeStun } from './stun.ts';
import { isText } from './text.ts';
import { isZoom, isZoomPeerHello, isZoomPeerMedia, mediaMessage, zoomMessage, zoomPeerHello } from './zoom.ts';

const text: Encryption = { verdict: 'cleartext', reason: 'text' };
const opaque: Encryption = { verdict: 'opaque', reason: 'no known structure' };

export type { DatagramContext } from './protocol.ts';

/** Turns one datagram, that says for itself what it is, into a message. What nothing claims is `udp`, with its payload. */
export function dissectDatagram(payload: Buffer, context: DatagramContext, emit: Emit, counters: DissectCounters, options = defaultDissectOptions): void {
  if (payload.length === 0) return;
  if (!emitClaimed(payload, context, emit, new DatagramFlow(options, counters))) emit(unclaimedMessage(payload, context, counters));
}

/**
 * The datagrams of one UDP flow. Beyond what {@link dissectDatagram} does it remembers: the payload of a flow that began
 * encrypted (QUIC, DTLS, SD-RTN) is not scanned, nor more than `maxUnclaimedBytes` per direction of what nothing claims.
 */
export class DatagramDissector {
  readonly #options: DissectOptions;
  readonly #emit: Emit;
  readonly #counters: DissectCounters;
  readonly #flow: DatagramFlow;
  #encrypted = false;
  /** Bytes per direction that were handed over to be scanned. */
  #scannedSource = 0;
  #scannedDestination = 0;

  constructor(options: DissectOptions, emit: Emit, counters: DissectCounters) {
    this.#options = options;
    this.#emit = emit;
    this.#counters = counters;
    this.#flow = new DatagramFlow(options, counters);
  }

  datagram(payload: Buffer, context: DatagramContext): void {
    if (payload.length === 0) return;
    if (emitClaimed(payload, context, this.#claimed, this.#flow)) return;
    if (this.#encrypted) {
      this.#counters.add('udp', 'encrypted by context');
      return;
    }
    const scanned = (context.sender === 'source' ? this.#scannedSource : this.#scannedDestination) + payload.length;
    if (scanned > this.#options.maxUnclaimedBytes) {
      this.#counters.add('udp', 'bounded payload');
      return;
    }
    if (context.sender === 'source') this.#scannedSource = scanned;
    else this.#scannedDestination = scanned;
    this.#emit(unclaimedMessage(payload, context, this.#counters));
  }

  readonly #claimed = (message: Message): void => {
    if (message.encryption.verdict === 'encrypted') this.#encrypted = true;
    this.#emit(message);
  };
}

/** The first byte tells most of those that share a port apart (RFC 7983). Returns false when nothing claims the payload. */
function emitClaimed(payload: Buffer, context: DatagramContext, emit: Emit, flow: DatagramFlow): boolean {
  const { sender, frame, micros } = context;
  const { options, counters } = flow;
  const call = flow.telegramCall(payload);
  if (call !== null) return emitSome(call.message(payload, context), emit);
  const first = payload[0]!;
  if (first < 0x40) {
    if (isSdRtnHello(payload)) {
      emit(sdRtnMessage(payload, sender, frame, micros, options, counters));
      return true;
    }
    const length = stunLength(payload) || (isClassicStun(payload) ? payload.length : 0);
    if (length !== 0) {
      if (length > payload.length) counters.add('stun', 'cut message');
      const message = stunMessage(payload.subarray(0, length), sender, frame, micros, options, counters);
      flow.hasStun = true;
      timeStun(payload, message, flow.stunTimer);
      return emitSome(message, emit);
    }
    if (isDtls(payload)) return emitSome(flow.dtls.message(payload, context), emit);
    if (isZoom(payload, context)) return emitSome(zoomMessage(payload, context, flow), emit);
    if (isZoomPeerHello(payload)) return emitSome(zoomPeerHello(payload, context, flow), emit);
    if (isZoomPeerMedia(payload, flow)) return emitSome(mediaMessage(payload, 0, context, flow), emit);
  }
  const relayed = flow.hasStun ? channelData(payload) : null;
  if (relayed !== null && relayed.length > 0) return emitClaimed(relayed, context, emit, flow.relayed);
  const dnsProtocol = dnsProtocolOf(payload, context);
  if (dnsProtocol !== '' && emitDns(payload, dnsProtocol, sender, frame, micros, emit, options, counters)) return true;
  const protocol = datagramProtocolOf(payload, context);
  if (protocol !== null) {
    counters.add(protocol.name, 'messages');
    emit(protocol.read(payload, context, options, counters));
    return true;
  }
  if (isQuic(payload)) return emitSome(flow.quic.message(payload, context), emit);
  if (isRtp(payload)) {
    const carrier = flow.hasDtls ? bareSrtp : bareRtp;
    return emitSome(isRtcp(payload) ? flow.media.rtcp(payload, context, carrier) : flow.media.rtp(payload, context, carrier), emit);
  }
  return false;
}

/** Null is a message that tells nothing new. */
function emitSome(message: Message | null, emit: Emit): true {
  if (message !== null) emit(message);
  return true;
}

function unclaimedMessage(payload: Buffer, context: DatagramContext, counters: DissectCounters): Message {
  counters.add('udp', 'messages');
  return payloadMessage('udp', isText(payload) ? text : opaque, context.sender, context.frame, context.micros, payload);
}

const DNS = 53;
const MDNS = 5353;
const LLMNR = 5355;
const NETBIOS_NAME = 137;
/** Shortest message: a header, the root name, type and class. */
const shortestDns = 17;

/**
 * `dns`, `mdns`, `llmnr`, or '' when it is none of them. A port of DNS makes any message believable that can be read at all;
 * on another port it has to be one question, and sound from beginning to end. NetBIOS names have the same shape, but are no names of DNS.
 */
function dnsProtocolOf(payload: Buffer, { sourcePort, destinationPort }: DatagramContext): string {
  if (payload.length < 12 || !isDnsHeader(payload)) return '';
  if (sourcePort === DNS || destinationPort === DNS) return 'dns';
  if (sourcePort === MDNS || destinationPort === MDNS) return 'mdns';
  if (sourcePort === LLMNR || destinationPort === LLMNR) return 'llmnr';
  if (sourcePort === NETBIOS_NAME || destinationPort === NETBIOS_NAME || payload.length < shortestDns) return '';
  if (payload.readUInt16BE(4) !== 1 || (payload[2]! < 0x80 && payload.readUInt16BE(6) !== 0)) return '';
  const dns = parseDns(payload);
  return dns !== null && dns.complete && dns.questions[0]!.name !== '' ? 'dns' : '';
}
