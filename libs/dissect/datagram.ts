import { DatagramFlow } from './datagram-flow.ts';
import { datagramProtocolOf } from './datagrams.ts';
import { readDns, type DnsProtocol } from './dns.ts';
import { isDnsHeader, parseDns } from './dns-message.ts';
import { isDtls } from './dtls.ts';
import { bareRtp, bareSrtp } from './media.ts';
import { payloadMessage, type Emit, type Encryption, type Message } from './message.ts';
import type { DissectEnvironment } from './options.ts';
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

/** Turns one datagram that can be recognised on its own into a message. If no protocol claims it, it is `udp`, with its payload. */
export function dissectDatagram(payload: Buffer, context: DatagramContext, environment: DissectEnvironment, emit: Emit): void {
  if (payload.length === 0) return;
  const message = claimedMessage(payload, context, new DatagramFlow(environment));
  if (message !== null) emit(message ?? unclaimedMessage(payload, context, environment));
}

/**
 * The datagrams of one UDP flow. In addition to {@link dissectDatagram}, it keeps state: the payload of a flow that began encrypted (QUIC,
 * DTLS, SD-RTN) is not scanned, and of unclaimed payload no more than `maxUnclaimedBytes` per direction.
 */
export class DatagramDissector extends DatagramFlow {
  readonly #emit: Emit;
  #encrypted = false;
  /** Bytes per direction that were passed on for scanning. */
  #scannedSource = 0;
  #scannedDestination = 0;

  constructor(environment: DissectEnvironment, emit: Emit) {
    super(environment);
    this.#emit = emit;
  }

  override get isBlank(): boolean {
    return super.isBlank && !this.#encrypted && this.#scannedSource === 0 && this.#scannedDestination === 0;
  }

  datagram(payload: Buffer, context: DatagramContext): void {
    if (payload.length === 0) return;
    const message = claimedMessage(payload, context, this);
    if (message === null) return;
    if (message !== undefined) {
      if (message.encryption.verdict === 'encrypted') this.#encrypted = true;
      this.#emit(message);
      return;
    }
    const { options, counters } = this;
    if (this.#encrypted) {
      counters.add('udp', 'encrypted by context');
      return;
    }
    const scanned = (context.sender === 'source' ? this.#scannedSource : this.#scannedDestination) + payload.length;
    if (scanned > options.maxUnclaimedBytes) {
      counters.add('udp', 'bounded payload');
      return;
    }
    if (context.sender === 'source') this.#scannedSource = scanned;
    else this.#scannedDestination = scanned;
    this.#emit(unclaimedMessage(payload, context, this));
  }
}

/**
 * The message of a claimed payload; null if it contains nothing new, undefined if no protocol claims it.
 * The first byte distinguishes most protocols that share a port (RFC 7983).
 */
function claimedMessage(payload: Buffer, context: DatagramContext, flow: DatagramFlow): Message | null | undefined {
  const { counters } = flow;
  const call = flow.telegramCall(payload);
  if (call !== null) return call.message(payload, context);
  const first = payload[0]!;
  if (first < 0x40) {
    if (isSdRtnHello(payload)) return sdRtnMessage(payload, context, flow);
    const length = stunLength(payload) || (isClassicStun(payload) ? payload.length : 0);
    if (length !== 0) {
      if (length > payload.length) counters.add('stun', 'cut message');
      const message = stunMessage(payload.subarray(0, length), context, flow);
      flow.hasStun = true;
      timeStun(payload, message, flow.stunTimer);
      return message;
    }
    if (isDtls(payload)) return flow.dtls.message(payload, context);
    if (isZoom(payload, context)) return zoomMessage(payload, context, flow);
    if (isZoomPeerHello(payload)) return zoomPeerHello(payload, context, flow);
    if (isZoomPeerMedia(payload, flow)) return mediaMessage(payload, 0, context, flow);
  }
  const relayed = flow.hasChannels ? channelData(payload) : null;
  if (relayed !== null && relayed.length > 0) return claimedMessage(relayed, context, flow.relayed);
  const dnsProtocol = dnsProtocolOf(payload, context);
  const dns = dnsProtocol === '' ? null : readDns(payload, dnsProtocol, context, flow);
  if (dns !== null) {
    counters.add(dns.protocol, 'messages');
    return dns;
  }
  const protocol = datagramProtocolOf(payload, context);
  if (protocol !== null) {
    counters.add(protocol.name, 'messages');
    return protocol.read(payload, context, flow);
  }
  if (isQuic(payload)) return flow.quic.message(payload, context);
  if (isRtp(payload)) {
    const carrier = flow.hasDtls ? bareSrtp : bareRtp;
    return isRtcp(payload) ? flow.media.rtcp(payload, context, carrier) : flow.media.rtp(payload, context, carrier);
  }
  return undefined;
}

function unclaimedMessage(payload: Buffer, context: DatagramContext, { counters }: DissectEnvironment): Message {
  counters.add('udp', 'messages');
  return payloadMessage('udp', isText(payload) ? text : opaque, context, payload);
}

const DNS = 53;
const MDNS = 5353;
const LLMNR = 5355;
const NETBIOS_NAME = 137;
/** Shortest message: a header, the root name, type and class. */
const shortestDns = 17;

/**
 * `dns`, `mdns`, `llmnr`, or '' for none of them. On a DNS port, any message that can be parsed is accepted; on another port it must have
 * exactly one question and be well-formed from beginning to end. NetBIOS name messages have the same format, but are not DNS.
 */
function dnsProtocolOf(payload: Buffer, { sourcePort, destinationPort }: DatagramContext): DnsProtocol | '' {
  if (payload.length < 12 || !isDnsHeader(payload)) return '';
  if (sourcePort === DNS || destinationPort === DNS) return 'dns';
  if (sourcePort === MDNS || destinationPort === MDNS) return 'mdns';
  if (sourcePort === LLMNR || destinationPort === LLMNR) return 'llmnr';
  if (sourcePort === NETBIOS_NAME || destinationPort === NETBIOS_NAME || payload.length < shortestDns) return '';
  if (payload.readUInt16BE(4) !== 1 || (payload[2]! < 0x80 && payload.readUInt16BE(6) !== 0)) return '';
  const dns = parseDns(payload);
  return dns !== null && dns.complete && dns.questions[0]!.name !== '' ? 'dns' : '';
}
