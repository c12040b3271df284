/** What a session description tells. */
export interface SdpReader {
  /** An address, and what it is: `sdp-media`, `sdp-origin`, `ice-host`, `ice-srflx`, `ice-prflx`, `ice-relay`, `ice-related`. */
  address(kind: string, ip: string): void;
  /** Where media, or their control, will be sent to. */
  endpoint(ip: string, port: number): void;
  /** The name of who opened the session. */
  origin(user: string): void;
  /** Whom to write to or to call, as it stands: `j.doe@example.org (Jane Doe)`. */
  contact(kind: 'email' | 'phone', value: string): void;
  /** What media are encrypted with (RFC 4568, section 9.2): the master key with its salt, in base64. */
  key(value: string): void;
}

/**
 * Reads a session description (RFC 8866), one character per byte: the addresses that media will be sent to and what they are (connections,
 * origin, ICE candidates by their type with their related addresses; RFC 8839, section 5.1), and with its port each endpoint of media, of their
 * RTCP (the next port, unless `a=rtcp` or `a=rtcp-mux` say otherwise; RFC 3605, RFC 5761), and of candidates over UDP.
 */
export function readSdp(text: string, reader: SdpReader): void {
  let sessionIp = '';
  let media: Media | undefined;
  for (const line of text.split('\n')) {
    const value = line.slice(2).trimEnd();
    if (line.startsWith('m=')) {
      if (media !== undefined) tellMedia(media, reader);
      const [, port, profile] = /^\S+ (\d{1,5})(?:\/\d+)? (\S+)/.exec(value) ?? [];
      media = { ip: sessionIp, port: Number(port ?? 0), isRtp: /RTP/i.test(profile ?? ''), rtcpPort: -1 };
    } else if (line.startsWith('c=')) {
      const connection = /^IN IP[46] ([^\s/]+)/i.exec(value);
      if (connection === null) continue;
      reader.address('sdp-media', connection[1]!);
      if (media === undefined) sessionIp = connection[1]!;
      else media.ip = connection[1]!;
    } else if (line.startsWith('o=')) {
      const origin = /^(\S+) \S+ \S+ IN IP[46] (\S+)/i.exec(value);
      if (origin === null) continue;
      reader.origin(origin[1]!);
      reader.address('sdp-origin', origin[2]!);
    } else if (line.startsWith('e=') || line.startsWith('p=')) {
      reader.contact(line.startsWith('e=') ? 'email' : 'phone', value);
    } else if (line.startsWith('a=crypto:')) {
      for (const [, key] of value.matchAll(/\binline:([A-Za-z0-9+/]{22,128}={0,2})/g)) reader.key(key!);
    } else if (line.startsWith('a=candidate:')) {
      readCandidate(value, reader);
    } else if (media !== undefined && line.startsWith('a=rtcp')) {
      if (value === 'rtcp-mux') media.rtcpPort = 0;
      else media.rtcpPort = Number(/^rtcp:(\d{1,5})/.exec(value)?.[1] ?? media.rtcpPort);
    }
  }
  if (media !== undefined) tellMedia(media, reader);
}

/** A description of media, as far as it is read. */
interface Media {
  ip: string;
  /** 0: the media are refused. */
  port: number;
  isRtp: boolean;
  /** -1: the next one; 0: that of the media. */
  rtcpPort: number;
}

function tellMedia({ ip, port, isRtp, rtcpPort }: Media, reader: SdpReader): void {
  if (ip === '' || port === 0) return;
  reader.endpoint(ip, port);
  if (isRtp && rtcpPort !== 0) reader.endpoint(ip, rtcpPort < 0 ? port + 1 : rtcpPort);
}

function readCandidate(value: string, reader: SdpReader): void {
  const candidate = /^candidate:\S+ \d+ (\S+) \d+ (\S+) (\d{1,5}) typ (host|srflx|prflx|relay)(?: raddr (\S+))?/i.exec(value);
  if (candidate === null) return;
  const [, transport, ip, port, type, related] = candidate;
  reader.address(`ice-${type!.toLowerCase()}`, ip!);
  if (/^udp$/i.test(transport!)) reader.endpoint(ip!, Number(port));
  if (related !== undefined) reader.address('ice-related', related);
}
